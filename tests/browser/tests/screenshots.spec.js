import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ask, register, signInOnce, write } from "../lib/person.js";
import { expect, test } from "../lib/fixtures.js";

// Pictures of the pages, for eyes and for README.md (`make screenshots` writes them to docs/).
const FOLDER = process.env.LLAMORA_SCREENSHOTS ?? "test-results/screenshots";

const ENTRIES = [
  "The lake was so still this morning that the herons had twins.\n\nWalked out to the **third jetty** and back. Cold hands, clear head.",
  "Things for the weekend:\n\n- [x] return the ladder\n- [ ] plums from Anneke\n- [ ] write to Tom",
  "I keep thinking about what Dad said on the phone. He sounded tired, but he laughed when I told him about the ladder.",
];

test("screenshots in light and dark, wide and on a phone", async ({ page }) => {
  mkdirSync(FOLDER, { recursive: true });
  const shoot = async (name, options = {}) => {
    for (const colorScheme of ["light", "dark"]) {
      for (const [size, viewport] of [
        ["wide", { width: 1200, height: 820 }],
        ["phone", { width: 390, height: 844 }],
      ]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize(viewport);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wider, `${name} does not scroll sideways (${size})`).toBeLessThanOrEqual(0);
        await page.screenshot({ path: join(FOLDER, `${name}-${size}-${colorScheme}.png`), ...options });
      }
    }
    await page.setViewportSize({ width: 1200, height: 900 });
  };
  await page.goto("/register");
  await shoot("register");
  await register(page);
  await signInOnce(page);
  let entry;
  for (const text of ENTRIES) entry = await write(page, text);
  const reply = await ask(page, entry);
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
  await page.goto("/d/today");
  await shoot("day");
  await page.goto("/search");
  await page.locator("input[name=q]").fill("a quiet walk by the water");
  await expect(async () => {
    await page.locator("input[name=q]").press("Enter");
    await expect(page.locator("#results [data-entry-id]").first()).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await shoot("search");
});
