import { expectAccessible } from "../lib/axe.js";
import { fromMenu, openToday, write } from "../lib/person.js";
import { expect, begun as test } from "../lib/fixtures.js";

// D08
test("a person looks at versions, empties the trash and changes their mind in between", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "We swam in the cold lake.\n\nThen bread.");
  await entry.getByRole("link", { name: "Edit" }).click();
  await entry.locator("textarea[name=text]").fill("We swam in the icy river.\n\nThen bread.");
  await entry.getByRole("button", { name: "Save" }).click();
  await expect(entry).toContainText("icy river");

  await entry.getByRole("link", { name: "Earlier versions" }).click();
  await expect(page.locator("del")).toHaveText([/removed/, /cold lake/]);
  await expect(page.locator(".version__text ins")).toContainText("icy river");
  await expectAccessible(page, "versions");
  // Told apart without colour.
  const line = (selector) => page.locator(selector).evaluate((el) => getComputedStyle(el).textDecorationLine);
  expect(await line(".version__text ins")).toBe("underline");
  expect(await line(".version__text del")).toBe("line-through");
  await page.getByRole("button", { name: "Bring this text back" }).click();
  await expect(page).toHaveURL(/#entry-/);
  await expect(entry).toContainText("cold lake");

  await entry.getByRole("button", { name: "Move to the trash" }).click();
  await entry.getByRole("link", { name: "trash" }).click();
  const item = page.locator(".trash__item");
  await expect(item).toContainText("cold lake");
  await expect(item).toContainText("30 days left");
  await item.getByRole("button", { name: "Put back" }).click();
  await expect(page).toHaveURL(/#entry-/);
  await entry.getByRole("link", { name: "Earlier versions" }).click();
  await expect(page.getByRole("button", { name: "Bring this text back" })).toHaveCount(2);

  await page.goto("/d/today");
  const other = await write(page, "Better not.");
  await other.getByRole("button", { name: "Move to the trash" }).click();
  await entry.getByRole("button", { name: "Move to the trash" }).click();
  await fromMenu(page, "Trash");
  await expect(item).toHaveCount(2);
  for (const summary of await page.locator(".ask > summary").all()) await summary.click();
  await expectAccessible(page, "the trash");
  await page.reload();
  const removed = item.filter({ hasText: "Better not." });
  const yes = removed.getByRole("button", { name: "Yes, remove it for ever" });
  await expect(yes).toBeHidden();
  // By keyboard alone.
  await removed.locator("summary", { hasText: "Remove for ever" }).focus();
  await page.keyboard.press("Enter");
  await expect(yes).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByText("It was removed for ever.")).toBeVisible();
  await expect(item).toHaveCount(1);
  await page.locator("summary", { hasText: "Empty the trash" }).click();
  await page.getByRole("button", { name: "Yes, empty the trash" }).click();
  await expect(page.getByText("The trash is empty.")).toBeVisible();
  await page.goto("/d/today");
  await expect(page.getByText("cold lake")).toHaveCount(0);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("the trash asks, and does as it is told", async ({ page }) => {
    await openToday(page);
    await page.locator("#composer textarea[name=text]").fill("Gone without scripts.");
    await page.locator("#composer-save").click();
    await page.getByRole("button", { name: "Move to the trash" }).click();
    await page.getByRole("link", { name: "Open the trash" }).click();
    const yes = page.getByRole("button", { name: "Yes, remove it for ever" });
    await expect(yes).toBeHidden();
    await page.locator("summary", { hasText: "Remove for ever" }).click();
    await yes.click();
    await expect(page.getByText("The trash is empty.")).toBeVisible();
  });
});
