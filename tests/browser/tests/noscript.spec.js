import { modelIsReady, register, signIn } from "../lib/person.js";
import { expect, test } from "../lib/fixtures.js";

test.use({ javaScriptEnabled: false });

async function write(page, text) {
  await page.locator("textarea[name=text]").fill(text);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d#entry-/);
}

test("without scripts a person writes, edits, deletes, asks, finds and comes back", async ({ page, program }) => {
  await register(page);
  await write(page, "We **swam** in the cold lake.");
  const lake = page.locator("article.entry").first();
  await expect(lake.locator("strong")).toHaveText("swam");

  await lake.getByRole("link", { name: "Edit" }).click();
  await page.locator("textarea[name=text]").fill("We **swam** in the icy river.");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.locator("article.entry")).toContainText("icy river");

  await write(page, "A passing thought.");
  const trash = () => page.locator("article.entry").last().getByRole("button", { name: "Move to the trash" });
  await trash().click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("A passing thought.")).toBeVisible();
  await trash().click();
  await page.goto("/d/today");
  await expect(page.getByText("A passing thought.")).toHaveCount(0);

  // A draft is saved by a button and offered back.
  await page.locator("textarea[name=text]").fill("Half a sentence");
  await page.getByRole("button", { name: "Save draft" }).click();
  await page.goto("/d/today");
  await expect(page.locator("textarea[name=text]")).toHaveValue("Half a sentence");
  await page.locator("textarea[name=text]").fill("A whole sentence.");
  await page.getByRole("button", { name: "Save", exact: true }).click();

  // The page refreshes by itself until the reply is there; it has no composer meanwhile.
  await modelIsReady(page);
  await page.goto("/d/today");
  await page.getByRole("button", { name: "Ask for a reply" }).first().click();
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d#reply-/);
  const reply = page.locator("[data-reply-id]");
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
  expect((await reply.locator(".reply__text").innerText()).trim().length).toBeGreaterThan(0);
  await expect(page.locator("textarea[name=text]")).toBeVisible();

  await page.locator("input[name=q]").fill("river");
  await page.locator("input[name=q]").press("Enter");
  await expect(page.locator("#results [data-entry-id]").first()).toContainText("river");
  // The address has the number of the search in this session, never its words.
  expect(page.url()).toMatch(/\/search\/\d+$/);

  expect(await program.restart()).toBe(0);
  await signIn(page);
  await expect(page.locator(".entry__body").first()).toContainText("icy river");
  await expect(page.locator(".entry__body").last()).toContainText("A whole sentence.");
  await expect(page.locator("[data-reply-id]")).toHaveAttribute("data-state", "complete");
});
