import { availableParallelism } from "node:os";
import { defineConfig } from "@playwright/test";

// The real program, the system's Chromium. Two tests at a time, because one waits more than it works; what measures runs
// alone, after all others.
const MEASURES = "figures.spec.js";

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  workers: Math.min(2, availableParallelism()),
  retries: 0,
  projects: [
    { name: "pages", testIgnore: MEASURES, fullyParallel: true },
    { name: "measured", testMatch: MEASURES, dependencies: ["pages"] },
  ],
  // Typefaces come with the program, so that a page looks alike on every machine; `-u` draws the pictures anew.
  snapshotPathTemplate: "looks/{arg}{ext}",
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["./lib/closing-line.js"]],
  use: {
    launchOptions: {
      executablePath: process.env.LLAMORA_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
    viewport: { width: 1200, height: 900 },
    actionTimeout: 20_000,
    locale: "en-GB",
    timezoneId: "Europe/Amsterdam",
    trace: "off",
    // Pages that fade into each other cost half of the time of a test. The tests of journeys and of saving have them.
    contextOptions: { reducedMotion: "reduce" },
  },
});
