import { expectAccessible } from "../lib/axe.js";
import { expect, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

test("emoji are offered by name, put in only when they are chosen, and can be switched off", async ({ page }) => {
  await openToday(page);
  const box = page.locator("#composer-text");
  const list = page.getByRole("listbox", { name: "Emoji" });
  await box.pressSequentially("White all over :snow");
  await expect(list.getByRole("option").first()).toHaveText(/snow$/);
  await expectAccessible(page, "a list of emoji");
  // Nothing is chosen yet: Enter is what it always is.
  await box.press("Enter");
  await expect(list).toBeHidden();
  await expect(box).toHaveValue("White all over :snow\n");
  await box.press("Backspace");
  await expect(list).toBeVisible();
  await box.press("ArrowDown");
  await box.press("ArrowDown");
  await expect(list.locator("[aria-selected=true]")).toHaveText(/snowman/);
  expect(await box.getAttribute("aria-activedescendant")).toBe(await list.locator("[aria-selected=true]").getAttribute("id"));
  await box.press("Enter");
  await expect(box).toHaveValue("White all over ⛄");
  await box.press("Control+z");
  await expect(box).toHaveValue("White all over :snow");

  // By closing the name, and by a press; a time of the day, and a name that nobody knows, stay as they are.
  await box.fill("");
  await box.pressSequentially("At 10:30, :cat: and :nosuchname: and :dol");
  await list.getByRole("option", { name: "dolphin" }).click();
  await expect(box).toBeFocused();
  const text = "At 10:30, 🐱 and :nosuchname: and 🐬";
  await expect(box).toHaveValue(text);
  const entry = await write(page, `${text} and :dog:`);
  await expect(entry.locator(".entry__body"), "what was not chosen is not changed").toHaveText(`${text} and :dog:`);
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").press("End");
  await entry.locator("textarea").pressSequentially(" :owl:");
  await expect(entry.locator("textarea")).toHaveValue(/🦉$/);
  // The first Escape is the list's.
  await entry.locator("textarea").pressSequentially(" :ow");
  await expect(list).toBeVisible();
  await entry.locator("textarea").press("Escape");
  await expect(list).toBeHidden();
  await expect(entry.locator("textarea")).toBeVisible();

  await page.goto("/settings/journal");
  await page.getByRole("group", { name: "Emoji by name while you write" }).getByText("Off", { exact: true }).click();
  await page.locator("main form .button--primary").click();
  await page.goto("/d/today");
  await box.fill("");
  await box.pressSequentially("Quiet :snow");
  await expect(page.getByRole("listbox")).toHaveCount(0);
});
