import { existsSync } from "node:fs";
import { expect, begun as test } from "../lib/fixtures.js";
import { look } from "../lib/look.js";
import { openToday, write } from "../lib/person.js";

test("a backup is made with one click, and the page says when and where", async ({ page }) => {
  await openToday(page);
  await write(page, "Worth keeping twice.");
  await page.goto("/settings/data");
  const backup = page.locator("#backup");
  await expect(backup).toContainText("There is no backup yet");
  await backup.getByRole("button", { name: "Back up now" }).click();
  await expect(page).toHaveURL(/\/settings\/data#backup$/);
  await expect(backup.locator("[data-backup=made]")).toBeVisible();
  const file = await backup.locator("dd code").textContent();
  expect(existsSync(file), file).toBe(true);
  await look(page, "backup", { fullPage: true });
});
