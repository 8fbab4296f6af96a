import { expect, test } from "../lib/fixtures.js";
import { NAME, PASSWORD, fromMenu } from "../lib/person.js";

const MOST_WORDS = 230; // what a person reads in a minute

async function begin(page) {
  await page.goto("/register");
  await page.locator("input[name=username]").fill(NAME);
  for (const field of ["password", "password_confirm"]) await page.locator(`input[name=${field}]`).fill(PASSWORD);
  await page.locator("main form .button--primary").click();
  await page.getByRole("link", { name: "I have kept it" }).click();
  await expect(page).toHaveURL(/\/welcome$/);
}

// D65
test("the first run explains itself in a minute, offers a sample day and the switch of the model", async ({ page }) => {
  await begin(page);
  const main = page.locator("main");
  for (const topic of ["Days", "Replies", "Traces", "Privacy"])
    await expect(main.locator("dt", { hasText: topic })).toBeVisible();
  expect((await main.innerText()).split(/\s+/).length, "words to read").toBeLessThan(MOST_WORDS);
  await expect(page.getByRole("link", { name: "Skip it" })).toHaveAttribute("href", "/d/today");

  await page.getByText("AI off", { exact: true }).click();
  await page.getByText("Show me a sample day first").click();
  await page.getByRole("button", { name: "Begin to write" }).click();
  await expect(page.locator("[data-sample]")).toBeVisible();
  await expect(page.locator("article.entry").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Ask for a reply" })).toHaveCount(0);
  await page.getByRole("button", { name: "Remove it" }).click();
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d$/);
  await page.goBack();
  await page.reload();
  await expect(page.locator("article.entry")).toHaveCount(0);

  // It stays in the menu, and does not offer a sample to a journal that has one entry.
  await page.goto("/d/today");
  await page.locator("#composer-text").fill("Mine.");
  await page.locator("#composer-save").click();
  await expect(page.locator("article.entry")).toHaveCount(1);
  await fromMenu(page, "How this works");
  await expect(page.getByText("Show me a sample day first")).toHaveCount(0);
});
