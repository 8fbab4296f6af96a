import axe from "axe-core";
import { expect } from "@playwright/test";
import { media } from "./media.js";

// Paper, night, more contrast in both, and the system's own colours.
const THEMES = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "light", contrast: "more" },
  { colorScheme: "dark", contrast: "more" },
  { forcedColors: "active" },
];
// What a theme can change; all else is the same in each of them, and asked in the first.
const COLOURS = ["color-contrast", "link-in-text-block"];

// Nothing that axe calls serious or critical on this page, in any theme.
export async function expectAccessible(page, what) {
  const before = await media(page);
  await page.evaluate(axe.source);
  for (const [n, theme] of THEMES.entries()) {
    await page.emulateMedia({ contrast: null, forcedColors: null, ...theme, reducedMotion: "reduce" });
    const { told, looked } = await page.evaluate(async (rules) => {
      const { passes, violations } = await window.axe.run(document, rules ? { runOnly: rules } : {});
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      return {
        told: grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`),
        looked: passes.map(({ id }) => id),
      };
    }, n > 0 && COLOURS);
    const name = `${what}, ${Object.values(theme).join(", ")}`;
    expect(told, name).toEqual([]);
    expect(looked, `${name}: texts were looked at`).toContain("color-contrast");
  }
  await page.emulateMedia(before);
}
