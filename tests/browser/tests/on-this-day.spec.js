import { expect, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

test("a day opens what other times say to it, by keyboard, and leads there", async ({ page }) => {
  await openToday(page);
  const today = new URL(page.url()).pathname.split("/").pop();
  await expect(page.locator("[data-on-this-day]")).toHaveCount(0);
  const then = `2020${today.slice(4)}`;
  await page.goto(`/d/${then}`);
  await write(page, "The first snow on the bridge, and Ana without gloves.");
  await page.goto("/d/today");
  const other = page.locator("[data-on-this-day]");
  await expect(other).not.toContainText("first snow");
  await other.locator("summary").focus();
  await page.keyboard.press("Enter");
  await expect(other).toContainText("The first snow on the bridge");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/d/${then}#entry-`));
  await expect(page.locator("article.entry")).toContainText("Ana without gloves");
});

test("the same as a page of its own", async ({ page }) => {
  await openToday(page);
  const today = new URL(page.url()).pathname.split("/").pop();
  await page.goto(`/d/2020${today.slice(4)}`);
  await write(page, "The first snow on the bridge.");
  await page.goto(`/d/${today}/on-this-day`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("On this day");
  await expect(page.locator("main")).toContainText("The first snow on the bridge");
  await page.goto(`/d/2020-01-02/on-this-day`);
  await expect(page.locator("main")).toContainText("Nothing of other times fits this day.");
});
