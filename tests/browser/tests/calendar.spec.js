import { begun, expect } from "../lib/fixtures.js";
import { openToday, writeAll } from "../lib/person.js";

const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("href"));

begun("the keys of a grid go through days, weeks and months, and stop at today", async ({ page }) => {
  await openToday(page);
  for (const day of ["2024-02-14", "2024-03-01"]) await writeAll(page, ["Something."], day);
  await page.goto("/d/2024-02-14");
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Calendar" });
  await expect(dialog.getByRole("grid", { name: "February 2024" })).toBeVisible();
  await expect.poll(() => focused(page)).toBe("/d/2024-02-14");
  for (const [key, day] of [
    ["ArrowRight", "15"],
    ["ArrowDown", "22"],
    ["ArrowLeft", "21"],
    ["ArrowUp", "14"],
    ["Home", "12"],
    ["End", "18"],
  ]) {
    await page.keyboard.press(key);
    expect(await focused(page), key).toBe(`/d/2024-02-${day}`);
  }
  await expect(dialog.locator("[role=gridcell] a[tabindex='0']"), "one day is reached with Tab").toHaveCount(1);
  await page.keyboard.press("PageDown");
  await expect(dialog.getByRole("grid", { name: "March 2024" })).toBeVisible();
  await expect.poll(() => focused(page)).toBe("/d/2024-03-01");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => focused(page)).toBe("/d/2024-02-29");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/d/2024-02-29");
});

begun("a month and a year are picked, and what has not come cannot be", async ({ page }) => {
  await openToday(page);
  const today = new URL(page.url()).pathname.slice(3);
  await writeAll(page, ["The first of them."], "2023-12-31");
  await page.goto("/calendar");
  await page.getByText("Another month").click();
  await page.getByLabel("Month", { exact: true }).selectOption("December");
  await page.getByLabel("Year", { exact: true }).selectOption("2023");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page.getByRole("grid", { name: "December 2023" })).toBeVisible();
  await expect(page.locator('a[href="/d/2023-12-31"]')).toHaveAttribute("aria-label", /1 entry$/);
  await page.getByRole("link", { name: "This month" }).click();
  await expect(page.locator("[aria-current=date]")).toHaveAttribute("href", `/d/${today}`);
  await expect(page.getByRole("link", { name: "Month after" })).toHaveCount(0);
  const days = await page.locator("[role=gridcell] a").evaluateAll((all) => all.map((day) => day.pathname.slice(3)));
  expect(days.filter((day) => day > today)).toEqual([]);

  await page.goto("/calendar/2023");
  await expect(page.locator(".heat__day--1")).toHaveCount(2); // the day, and the key
  await page.getByRole("link", { name: /December/ }).first().click();
  await expect(page.getByRole("grid", { name: "December 2023" })).toBeVisible();
});
