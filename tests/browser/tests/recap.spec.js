import { expect, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

const LONG =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. " +
  "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. " +
  "I must call the bank about the letter. The radio told of snow in the mountains, and nobody believed it.";

test("a past day ends with a few of its own sentences, which can be removed", async ({ page }) => {
  await openToday(page);
  const day = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  await page.goto(`/d/${day}`);
  await write(page, LONG);
  await expect(page.locator("[data-recap]")).toHaveCount(0);
  // It comes by itself once it is made.
  await page.reload();
  const recap = page.locator("[data-recap=own]");
  await expect(recap).toBeVisible({ timeout: 20_000 });
  await expect(recap).toContainText("garden");
  await expect(recap).toContainText("In your own words");
  await recap.getByRole("button", { name: "Remove" }).click();
  await expect(page.locator("article.entry")).toContainText("The bus came late");
  await expect(page.locator("[data-recap]")).toHaveCount(0);
  await page.reload();
  await expect(page.locator("[data-recap]")).toHaveCount(0);
});

test("the calendar says the recap of the day that is rested on", async ({ page }) => {
  await openToday(page);
  // The third of the last month, and the fourth, which is too short for a recap.
  const past = new Date();
  past.setUTCDate(1);
  past.setUTCMonth(past.getUTCMonth() - 1, 3);
  const month = past.toISOString().slice(0, 7);
  await page.goto(`/d/${month}-04`);
  await write(page, "A short day with rain.");
  await page.goto(`/d/${month}-03`);
  await write(page, LONG);
  const line = page.locator("[data-recap-line]");

  await page.locator("[data-calendar]").first().click();
  const day = page.locator(`.calendar__day a[href="/d/${month}-03"]`);
  await expect(day).toBeFocused();
  await expect(line).toContainText("garden", { timeout: 20_000 });
  await page.keyboard.press("ArrowRight");
  await expect(line).toHaveText("");
  await day.hover();
  await expect(line).toContainText("garden");
});
