import { expectAccessible } from "../lib/axe.js";
import { expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

const GARDEN =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again.";

const ago = (days) => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);

const opening = (page) => page.locator("#opening");

test("a day begins with a look back that can be folded, made anew, put away and removed", async ({ page }) => {
  await register(page);
  await expect(opening(page)).toHaveAttribute("data-opening", "first");
  const yesterday = ago(1);
  await page.goto(`/d/${yesterday}`);
  await expect(opening(page)).toHaveCount(0);
  await write(page, GARDEN);

  // It comes by itself.
  await page.goto("/d/today");
  await expect(opening(page)).toHaveAttribute("data-opening", "there", { timeout: 30_000 });
  await expect(opening(page)).toContainText("The garden was wet");
  await expectAccessible(page, "a day with an opening");
  const first = await opening(page).locator(".opening__text").allTextContents();
  await page.reload();
  await expect(opening(page)).toHaveAttribute("data-opening", "there");
  expect(await opening(page).locator(".opening__text").allTextContents()).toEqual(first);

  // By keyboard, in place.
  await opening(page).getByRole("button", { name: "Fold" }).focus();
  await page.keyboard.press("Enter");
  await expect(opening(page)).toHaveAttribute("data-opening", "folded");
  await expect(opening(page).getByRole("button", { name: "Looking back" })).toBeFocused();
  await page.reload();
  await opening(page).getByRole("button", { name: "Looking back" }).click();
  await expect(opening(page)).toHaveAttribute("data-opening", "there");
  const before = await opening(page).elementHandle();
  await opening(page).getByRole("button", { name: "Another" }).click();
  await expect.poll(() => before.evaluate((element) => element.isConnected)).toBe(false);
  await expect(opening(page)).toHaveAttribute("data-opening", "there", { timeout: 30_000 });
  await expect(opening(page).getByRole("link").first()).toHaveAttribute("href", `/d/${yesterday}`);
  await opening(page).getByRole("button", { name: "Put away" }).click();
  await expect(opening(page)).toHaveAttribute("data-opening", "away");
  await opening(page).getByRole("button", { name: "Show the look back" }).click();
  await opening(page).getByRole("button", { name: "Remove" }).click();
  await expect(opening(page)).toHaveAttribute("data-opening", "offered");
  await page.reload();
  await expect(opening(page)).toHaveAttribute("data-opening", "offered");
  await opening(page).getByRole("button", { name: "Look back at the last days" }).click();
  await opening(page).getByRole("link").first().click({ timeout: 30_000 });
  await expect(page).toHaveURL(new RegExp(`/d/${yesterday}$`));
});

test("with the model off, or openings, a day begins with nothing", async ({ page }) => {
  await register(page);
  await page.goto(`/d/${ago(1)}`);
  await write(page, GARDEN);
  await page.goto("/settings/journal");
  await page.locator("input[name=opening][value=off]").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.goto("/d/today");
  await expect(page.locator("#composer")).toBeVisible();
  await expect(opening(page)).toHaveCount(0);
  await page.goto("/settings/journal");
  await page.locator("input[name=opening][value=looked]").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.goto("/settings/model");
  await page.getByRole("button", { name: "Switch the model off" }).click();
  await page.goto("/d/today");
  await expect(page.locator("#composer")).toBeVisible();
  await expect(opening(page)).toHaveCount(0);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("it is asked for with a button, and folds", async ({ page }) => {
    await register(page);
    await page.goto("/settings/journal");
    await page.locator("input[name=opening][value=looked]").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.goto(`/d/${ago(1)}`);
    await page.locator("textarea[name=text]").fill(GARDEN);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.goto("/d/today");
    await opening(page).getByRole("button", { name: "Look back at the last days" }).click();
    await expect(opening(page)).toHaveAttribute("data-opening", "there");
    await expect(opening(page)).toContainText("The garden was wet");
    await opening(page).getByRole("button", { name: "Fold" }).click();
    await expect(opening(page)).toHaveAttribute("data-opening", "folded");
    await opening(page).getByRole("button", { name: "Looking back" }).click();
    await expect(opening(page)).toContainText("The garden was wet");
  });
});
