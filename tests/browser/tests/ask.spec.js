import { expectAccessible } from "../lib/axe.js";
import { expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

const DAY = "2026-02-03";
const BOILER = "The boiler of the heating broke this morning, and the plumber from Lechner came at noon with a new valve.";
const LAKE = "Strawberries, and a long swim in the lake with Jonas. Nobody wanted to go home.";

// Writes by form, so that it works with and without scripts.
async function fill(page) {
  for (const [day, text] of [
    [DAY, BOILER],
    ["2025-06-01", LAKE],
  ]) {
    await page.goto(`/d/${day}`);
    await page.locator("textarea[name=text]").fill(text);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.locator("article.entry").last()).toContainText(text.slice(0, 20));
  }
}

async function ask(page, question) {
  await page.goto("/ask");
  await page.getByLabel("Your question").fill(question);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/ask\/\d+$/);
}

// Asks until the journal has been read for its meaning.
async function askUntil(page, question, state) {
  await expect(async () => {
    await ask(page, question);
    await expect(page.locator("[data-answer]")).toHaveAttribute("data-answer", state, { timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
}

for (const scripts of [true, false]) {
  test.describe(scripts ? "with scripts" : "without scripts", () => {
    test.use({ javaScriptEnabled: scripts });

    test("a question is answered with what was written, or not at all", async ({ page }) => {
      await register(page);
      await fill(page);
      await askUntil(page, "Which boiler broke this morning?", "own");
      const answer = page.locator("#answer");
      await expect(answer).toContainText("The boiler of the heating broke");
      // What the search found besides stands among the passages at most.
      await expect(answer.locator(".answer")).not.toContainText("Strawberries");
      await answer.getByRole("link", { name: "3 February 2026" }).first().click();
      await expect(page).toHaveURL(new RegExp(`/d/${DAY}#entry-`));
      await expect(page.locator("article.entry")).toContainText("plumber from Lechner");
      await page.goBack();
      await expect(answer).toContainText("The boiler of the heating broke");

      await ask(page, "Who won the karate tournament in Osaka?");
      await expect(answer).toContainText("I find nothing about that.");
      await expect(answer).not.toContainText("boiler");

      // From the search, whose words are a question.
      await page.goto("/search");
      await page.locator("main input[name=q]").fill("Which boiler broke this morning?");
      await page.keyboard.press("Enter");
      await page.locator("#results a[href^='/ask/']").click();
      await expect(page).toHaveURL(/\/ask\/\d+$/);
      await expect(answer).toContainText("The boiler of the heating broke");
    });

    test("with the model off there are passages and no answer", async ({ page }) => {
      await register(page);
      await fill(page);
      await askUntil(page, "Which boiler broke this morning?", "own");
      await page.goto("/settings/model");
      await page.getByRole("button", { name: /Switch .*off/ }).click();
      await ask(page, "Which boiler broke this morning?");
      await expect(page.locator("[data-answer=passages]")).toContainText("The boiler of the heating broke");
      await expect(page.locator("main")).not.toContainText("you wrote:");
      await page.goto("/search");
      await expect(page.getByRole("link", { name: "Ask the journal" })).toHaveCount(0);
    });
  });
}

test("everything made of the journal by a machine is removed from one page", async ({ page }) => {
  await register(page);
  await page.goto(`/d/${DAY}`);
  await write(page, `${BOILER} ${LAKE} ${BOILER.replace("boiler", "kettle")} ${LAKE.replace("lake", "river")}`);
  await page.reload();
  await expect(page.locator("[data-recap=own]")).toBeVisible({ timeout: 20_000 });
  await page.goto("/settings/model");
  await page.getByRole("link", { name: "See how much there is" }).click();
  await expect(page.locator("[data-machine=there]")).toContainText("1 recap");
  await expectAccessible(page, "machine texts");
  if (process.env.LLAMORA_PICTURES)
    await page.screenshot({ path: `${process.env.LLAMORA_PICTURES}/machine.png`, fullPage: true });
  await page.getByRole("button", { name: "Remove all of it for ever" }).click();
  await expect(page.locator("[data-machine=removed]")).toContainText("Removed for ever: 1 recap");
  await page.getByRole("link", { name: "Back to the model" }).click();
  await page.getByRole("link", { name: "See how much there is" }).click();
  await expect(page.locator("[data-machine=none]")).toBeVisible();
  await page.goto(`/d/${DAY}`);
  await expect(page.locator("article.entry")).toContainText("Strawberries");
});

test("nothing keeps anybody from reading it", async ({ page }) => {
  await register(page);
  await fill(page);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto("/ask");
    await expectAccessible(page, `${scheme}, empty`);
    await askUntil(page, "Which boiler broke this morning?", "own");
    await expectAccessible(page, `${scheme}, answered`);
    if (process.env.LLAMORA_PICTURES)
      await page.screenshot({ path: `${process.env.LLAMORA_PICTURES}/ask-${scheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await page.reload();
  const overflows = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(overflows).toBe(false);
  if (process.env.LLAMORA_PICTURES)
    await page.screenshot({ path: `${process.env.LLAMORA_PICTURES}/ask-phone.png`, fullPage: true });
});
