import { expect } from "../lib/fixtures.js";
import { allowUpstream as allow, openToday, write } from "../lib/person.js";
import { withUpstream as test } from "../lib/upstream.js";

test("another program answers only after a yes, only what may be sent, and says so", async ({ page, upstream, watched }) => {
  const { host } = upstream;
  await openToday(page);
  const secret = await write(page, "A secret about Jonas.");
  const plain = await write(page, "The tram was late.");
  await page.goto("/settings/model");
  await expect(page.locator("[data-upstream=off]")).toBeVisible();
  await expect(page.locator("#upstream")).toContainText(`sent to ${host}`);

  // What would be sent can be seen before anything is.
  await page.getByRole("link", { name: /^See what would be sent/ }).click();
  await expect(page.locator("main")).toContainText("you have not allowed it");
  await expect(page.locator("main")).toContainText("The tram was late.");
  expect(upstream.asked).toEqual([]);

  await allow(page, watched, host);
  await page.goto("/d/today");
  await secret.getByRole("button", { name: "Never send" }).click();
  await expect(secret.getByRole("button", { name: "Allow sending" })).toBeVisible();
  await plain.getByRole("link", { name: "What is sent" }).click();
  await expect(page.locator("main")).toContainText("and nothing else");
  await page.getByText("The request, byte for byte").click();
  const shown = await page.locator("[data-payload]").textContent();
  expect(shown).not.toContain("Jonas");

  await page.getByRole("link", { name: "Back to the entry" }).click();
  await plain.getByRole("button", { name: "Ask for a reply" }).click();
  const reply = plain.locator("[data-reply-id]");
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 30_000 });
  await expect(reply.locator("strong")).toHaveText("lantern");
  await expect(reply.locator("[data-sent-to]")).toHaveText(`sent to ${host} to be answered`);
  expect(upstream.replies).toEqual([shown]);

  // Taken back at once, without a password.
  await page.goto("/settings/model");
  await page.getByRole("button", { name: "Send nothing any more" }).click();
  await expect(page.locator("[data-upstream=off]")).toBeVisible();
  await page.goto("/d/today");
  await expect(plain.getByRole("link", { name: "What is sent" })).toHaveCount(0);
  expect(upstream.replies).toHaveLength(1);
});

test("a key of one's own goes along and is never shown again", async ({ page, upstream, watched }) => {
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  await allow(page, watched, upstream.host);
  await page.getByLabel(/A key of your own/).fill("sk-mine-0815");
  await page.getByRole("button", { name: "Keep this key" }).click();
  await expect(page.getByRole("button", { name: "Forget my key" })).toBeVisible();
  expect(await page.content()).not.toContain("sk-mine");
  await page.goto("/d/today");
  await entry.getByRole("button", { name: "Ask for a reply" }).click();
  await expect(entry.locator("[data-reply-id]")).toHaveAttribute("data-state", "complete", { timeout: 30_000 });
  expect(upstream.asked.at(-1).key).toBe("Bearer sk-mine-0815");
});
