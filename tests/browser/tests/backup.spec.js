import { existsSync } from "node:fs";
import { expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

test("a backup is made with one click, and the page says when and where", async ({ page }) => {
  await register(page);
  await write(page, "Worth keeping twice.");
  await page.goto("/settings/data");
  const backup = page.locator("#backup");
  await expect(backup).toContainText("There is no backup yet");
  await backup.getByRole("button", { name: "Back up now" }).click();
  await expect(page).toHaveURL(/\/settings\/data#backup$/);
  await expect(backup.locator("[data-backup=made]")).toBeVisible();
  const file = await backup.locator("dd code").textContent();
  expect(existsSync(file), file).toBe(true);
  if (process.env.LLAMORA_SCREENSHOTS) {
    for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${process.env.LLAMORA_SCREENSHOTS}/backup-${scheme}-${width}.png`, fullPage: true });
    }
  }
});
