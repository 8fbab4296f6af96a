import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

const FOLDER = process.env.LLAMORA_SCREENSHOTS ?? "test-results/screenshots";
const TYPED = "Typed while the journal was away.";

// The journal's file is moved away under an open page, as when a stick is pulled out, and comes back (RR-05, RR-07).
test("a journal that is out of reach says so within 5 seconds and costs no text", async ({ page, program, watched }) => {
  watched.expected.push(/status of 503/);
  const file = join(program.data, "journal.llamora");
  await register(page);
  await write(page, "Written before.");
  const banner = page.locator("#store-note");
  await expect(banner).toBeHidden();
  const area = page.locator("#composer textarea[name=text]");
  await area.fill(TYPED);

  renameSync(file, `${file}.away`);
  await expect(banner).toContainText("not in its place", { timeout: 5_000 });
  await page.locator("#composer-save").click();
  await expect(page.locator("#notices")).toContainText("not in its place");
  await expect(area).toHaveValue(TYPED);
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");

  mkdirSync(FOLDER, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of [
      ["wide", { width: 1200, height: 820 }],
      ["phone", { width: 390, height: 844 }],
    ]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(viewport);
      await page.evaluate(() => scrollTo(0, 0));
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, `the banner does not scroll sideways (${size})`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: join(FOLDER, `banner-${size}-${colorScheme}.png`) });
    }
  }

  renameSync(`${file}.away`, file);
  await expect(banner).toBeHidden({ timeout: 5_000 });
  await page.locator("#composer-save").click();
  await expect(page.locator("article.entry")).toHaveCount(2);
  await expect(page.locator("article.entry").last()).toContainText(TYPED);
  await expect(area).toHaveValue("");
});
