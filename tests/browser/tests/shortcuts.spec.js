import { begun, expect } from "../lib/fixtures.js";
import { fromMenu, openToday, write } from "../lib/person.js";

const PAST = "/d/2021-03-03";
const list = (page) => page.getByRole("dialog", { name: "Shortcuts" });

// A day in the past, with the focus nowhere and the scripts begun.
async function stand(page) {
  await page.goto(PAST);
  await expect(page.locator("html")).toHaveAttribute("data-scripts", "");
  await page.evaluate(() => document.activeElement?.blur());
}

// What each key of the list does, as it is seen.
const DOES = {
  "/": (page) => expect(page.locator(".find__field")).toBeFocused(),
  N: (page) => expect(page.locator("#composer-text")).toBeFocused(),
  T: (page) => expect(page).toHaveURL(/\/d\/20(?!21)\d\d-\d\d-\d\d$/),
  J: (page) => expect(page).toHaveURL("/d/2021-03-02"),
  K: (page) => expect(page).toHaveURL("/d/2021-03-04"),
  C: (page) => expect(page.getByRole("dialog", { name: "Calendar" })).toBeVisible(),
  E: (page) => expect(page.locator("#composer-text")).toBeInViewport(),
  F: (page) => expect(page.locator(".masthead")).toBeHidden(),
  "?": (page) => expect(list(page)).toBeVisible(),
};

// D64 (every key of the overview; none of them once they are off)
begun("each key of the overview does what it says, and none does anything when they are off", async ({ page }) => {
  await page.setViewportSize({ width: 1200, height: 500 });
  await openToday(page);
  await page.goto(PAST);
  await write(page, "A long day. \n\n".repeat(60));
  await stand(page);
  await page.keyboard.press("?");
  await expect(list(page)).toBeVisible();
  const keys = (await list(page).locator("kbd").allTextContents()).filter((key) => key.length === 1);
  expect(keys.toSorted()).toEqual(Object.keys(DOES).toSorted());
  for (const [key, expectDone] of Object.entries(DOES)) {
    await begun.step(key, async () => {
      await stand(page);
      await page.keyboard.press(key.toLowerCase());
      await expectDone(page);
    });
  }

  // Not while something is typed, in whatever field.
  await stand(page);
  for (const field of [page.locator("#composer-text"), page.locator(".find__field")]) {
    await field.fill("");
    await field.pressSequentially("/ntjkcef?");
    await expect(field).toHaveValue("/ntjkcef?");
    await expect(page).toHaveURL(PAST);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await field.fill("");
  }

  await page.goto("/settings/journal");
  await page.getByRole("group", { name: "Single keys as shortcuts" }).getByText("Off", { exact: true }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved, for every browser")).toBeVisible();
  await stand(page);
  const top = await page.evaluate(() => scrollY);
  for (const key of Object.keys(DOES)) await page.keyboard.press(key.toLowerCase());
  // What any of them had begun would be there after this answer.
  await page.evaluate(() => fetch("/healthz").then((answer) => answer.text()));
  await expect(page).toHaveURL(PAST);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.locator(".masthead")).toBeVisible();
  expect(await page.evaluate(() => [document.activeElement === document.body, scrollY])).toEqual([true, top]);
  // Nor is any of them promised, and the overview says that they are off.
  await expect(page.locator("[aria-keyshortcuts='/'], .menu__item kbd")).toHaveCount(0);
  await fromMenu(page, "Shortcuts");
  await expect(list(page)).toContainText("Single keys are switched off.");
  await list(page).getByRole("link", { name: "Switch them on" }).click();
  await expect(page).toHaveURL("/settings/journal");
});

begun.describe("without scripts", () => {
  begun.use({ javaScriptEnabled: false });

  // D64 (the overview is a page as well)
  begun("the overview is a page, and the switch a form", async ({ page }) => {
    await openToday(page);
    await fromMenu(page, "Shortcuts");
    await expect(page).toHaveURL("/shortcuts");
    await expect(page.locator("main")).toContainText("only the page and the text");
    await page.getByRole("link", { name: "Switch them off" }).click();
    await page.getByRole("group", { name: "Single keys as shortcuts" }).getByText("Off", { exact: true }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.goto("/shortcuts");
    await expect(page.locator("main")).toContainText("Single keys are switched off.");
    await expect(page.getByRole("link", { name: "Switch them off" })).toHaveCount(0);
  });
});
