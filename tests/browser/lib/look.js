import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { media } from "./media.js";

// Where pictures for eyes go; without it none are taken.
export const FOLDER = process.env.LLAMORA_SCREENSHOTS;
const SIZES = { wide: { width: 1200, height: 820 }, phone: { width: 390, height: 844 } };

// No page scrolls sideways, on a table or in a hand; and a picture of each, by day and by night. `only` are the names of
// pictures that are wanted, without `.png`.
export async function look(page, name, { only, ...options } = {}) {
  const before = await media(page);
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wider, `${name} does not scroll sideways (${size})`).toBeLessThanOrEqual(0);
    for (const colorScheme of FOLDER ? ["light", "dark"] : []) {
      const picture = `${name}-${size}-${colorScheme}`;
      if (only && !only.includes(picture)) continue;
      mkdirSync(FOLDER, { recursive: true });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(FOLDER, `${picture}.png`), ...options });
    }
  }
  await page.emulateMedia(before);
  await page.setViewportSize({ width: 1200, height: 900 });
}
