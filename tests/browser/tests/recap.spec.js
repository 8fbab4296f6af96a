import { expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

const LONG =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. " +
  "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. " +
  "I must call the bank about the letter. The radio told of snow in the mountains, and nobody believed it.";

test("a past day ends with a few of its own sentences, which can be removed", async ({ page }) => {
  await register(page);
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
