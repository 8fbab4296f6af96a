import { expectAccessible } from "../lib/axe.js";
import { begun, expect } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

const GARDEN =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again.";

const opening = (page) => page.locator("#opening");

// The day before, as the page that is open says today.
const yesterday = (page) => {
  const today = new URL(page.url()).pathname.split("/").pop();
  return new Date(Date.parse(today) - 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
};

// Writes on the day before what today looks back on.
async function writeYesterday(page) {
  await openToday(page);
  const day = yesterday(page);
  await page.goto(`/d/${day}`);
  await write(page, GARDEN);
  return day;
}

begun("a day begins with a look back that can be folded, made anew, put away and removed", async ({ page }) => {
  await openToday(page);
  await expect(opening(page)).toHaveAttribute("data-opening", "first");
  const before = yesterday(page);
  await page.goto(`/d/${before}`);
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
  const shown = await opening(page).elementHandle();
  await opening(page).getByRole("button", { name: "Another" }).click();
  await expect.poll(() => shown.evaluate((element) => element.isConnected)).toBe(false);
  await expect(opening(page)).toHaveAttribute("data-opening", "there", { timeout: 30_000 });
  await expect(opening(page).getByRole("link").first()).toHaveAttribute("href", `/d/${before}`);
  await opening(page).getByRole("button", { name: "Put away" }).click();
  await expect(opening(page)).toHaveAttribute("data-opening", "away");
  await opening(page).getByRole("button", { name: "Show the look back" }).click();
  await opening(page).getByRole("button", { name: "Remove" }).click();
  await expect(opening(page)).toHaveAttribute("data-opening", "offered");
  await page.reload();
  await expect(opening(page)).toHaveAttribute("data-opening", "offered");
  await opening(page).getByRole("button", { name: "Look back at the last days" }).click();
  await opening(page).getByRole("link").first().click({ timeout: 30_000 });
  await expect(page).toHaveURL(new RegExp(`/d/${before}$`));
});

begun("put away while another one is on its way, it stays away", async ({ page }) => {
  await writeYesterday(page);
  await page.goto("/d/today");
  await expect(opening(page)).toHaveAttribute("data-opening", "there", { timeout: 30_000 });
  const another = (request) => /another=yes/.test(request.postData() ?? "");
  const asked = page.waitForRequest(another);
  const over = Promise.any([page.waitForEvent("requestfinished", another), page.waitForEvent("requestfailed", another)]);
  const pressed = page.waitForRequest(/dismiss$/);
  // Another one comes after the press and before the answer to it.
  await page.route(/\/opening$/, async (route) => {
    const response = await route.fetch();
    await pressed;
    await route.fulfill({ response }).catch(() => {});
  });
  await page.route(/dismiss$/, async (route) => {
    const response = await route.fetch();
    await over;
    await page.evaluate(() => fetch("/healthz").then((healthy) => healthy.text()));
    await route.fulfill({ response }).catch(() => {});
  });
  await opening(page).getByRole("button", { name: "Another" }).click();
  await asked;
  await opening(page).getByRole("button", { name: "Put away" }).click();
  await expect(opening(page)).toHaveAttribute("data-opening", "away");
  await expect(page.locator("#notices")).toBeEmpty();
  await page.reload();
  await expect(opening(page)).toHaveAttribute("data-opening", "away");
});

begun("with the model off, or openings, a day begins with nothing", async ({ page }) => {
  await writeYesterday(page);
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

begun.describe("without scripts", () => {
  begun.use({ javaScriptEnabled: false });

  begun("it is asked for with a button, and folds", async ({ page }) => {
    await openToday(page);
    const before = yesterday(page);
    await page.goto("/settings/journal");
    await page.locator("input[name=opening][value=looked]").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.goto(`/d/${before}`);
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
