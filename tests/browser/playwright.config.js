import { defineConfig } from "@playwright/test";

// The real program, the system's Chromium, one test at a time: the machine's cores belong to the model.
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  workers: 1,
  retries: 0,
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
  },
});
