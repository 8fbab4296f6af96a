import { ENDED, ask, modelIsReady, openToday, write } from "../lib/person.js";
import { expect, begun as test } from "../lib/fixtures.js";

test("another reply can be wished for, and one can be thrown away", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "We planted tomatoes and the rain came in time.");
  const first = await ask(page, entry);
  await expect(first).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
  await first.getByText("How it was made").click();
  await expect(first.getByText(/^Made by .*checksum [0-9a-f]{8}/)).toBeVisible();

  await first.getByText("Another reply").click();
  const wish = first.getByLabel("What you wish of it");
  await expect(wish).toHaveAttribute("maxlength", "200");
  await wish.fill("Ask me about the rain.");
  await first.getByRole("button", { name: "Shorter" }).click();
  const replies = entry.locator("[data-reply-id]");
  await expect(replies).toHaveCount(2);
  await expect(replies.last()).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
  await replies.last().getByText("How it was made").click();
  await expect(replies.last().getByText("You wished: shorter, Ask me about the rain.")).toBeVisible();

  await replies.last().getByRole("button", { name: "Move reply to the trash" }).click();
  await expect(replies).toHaveCount(1);
  await expect(entry).toContainText("tomatoes");
});

test("a reply that was stopped can be tried again", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "Tell me a very long story about a lighthouse keeper and every day of his winter.");
  const reply = await ask(page, entry);
  await reply.getByRole("button", { name: "Stop" }).click();
  await expect(reply).toHaveAttribute("data-state", ENDED, { timeout: 60_000 });
  await reply.getByRole("button", { name: "Try again" }).or(reply.getByText("Another reply")).first().click();
  const last = entry.locator("[data-reply-id]").last();
  if (await last.getByRole("button", { name: "Ask", exact: true }).isVisible())
    await last.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(entry.locator("[data-reply-id]").last()).toHaveAttribute("data-state", ENDED, { timeout: 120_000 });
});

test("a model that is switched off leaves no control behind", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "Alone with the sea.");
  await modelIsReady(page);
  await page.reload();
  await expect(entry.getByRole("button", { name: "Ask for a reply" })).toBeVisible();
  await page.goto("/settings/model");
  await page.getByRole("button", { name: "Switch the model off" }).click();
  await expect(page.locator("[data-model=off]")).toBeVisible();
  await page.goto("/d/today");
  await expect(entry).toContainText("Alone with the sea.");
  await expect(entry.getByRole("button", { name: /reply/ })).toHaveCount(0);
  await expect(page.locator("model-wait, [data-reply-id]")).toHaveCount(0);
  await page.goto("/settings/model");
  await page.getByRole("button", { name: "Switch the model on" }).click();
  await page.goto("/d/today");
  await expect(entry.getByRole("button", { name: "Ask for a reply" })).toBeVisible();
});

test("a refusal counts down to the moment when asking makes sense again", async ({ page }) => {
  await openToday(page);
  await page.clock.install();
  // What a refusal holds; filling the line would take minutes.
  await page.evaluate(() => {
    const countdown = document.createElement("retry-countdown");
    countdown.dataset.seconds = "3";
    document.getElementById("notices").append(countdown);
  });
  const countdown = page.locator("retry-countdown");
  await expect(countdown).toHaveText("(3 s)");
  await page.clock.runFor(1_000);
  await expect(countdown).toHaveText("(2 s)");
  await page.clock.runFor(2_000);
  await expect(countdown).toHaveText("You can try again now.");
});
