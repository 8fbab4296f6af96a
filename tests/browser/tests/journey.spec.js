import { ENDED, ask, register, openToday, signIn, signInOnce, write } from "../lib/person.js";
import { begun, expect, expectNothingStored, test } from "../lib/fixtures.js";

const MARKDOWN = `# A morning

We **swam** in the cold lake and dried off on the stones.

- bread
- [ ] plums

| bird | count |
|---|---|
| heron | 3 |
`;

// As most people have it: pages fade into each other.
test.use({ contextOptions: { reducedMotion: "no-preference" } });

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    // proves: SR-24
    test("a person keeps a journal from the first page to the next day's sign-in", async ({ page, program }) => {
      await register(page);
      await signInOnce(page);
      await expect(page.getByText("Sign in once today")).toHaveCount(0);

      const morning = await write(page, MARKDOWN);
      await expect(morning.locator("strong")).toHaveText("swam");
      await expect(morning.locator("table td").first()).toHaveText("heron");
      await expect(morning.getByRole("checkbox")).toHaveCount(1);

      await morning.getByRole("link", { name: "Edit" }).click();
      const box = morning.locator("textarea[name=text]");
      await expect(box).toHaveValue(/cold lake/);
      await box.fill((await box.inputValue()).replace("cold lake", "icy river"));
      await box.press("Control+Enter");
      await expect(morning).toContainText("icy river");
      await expect(morning).not.toContainText("cold lake");

      const passing = await write(page, "A passing thought.");
      await passing.getByRole("button", { name: "Move to the trash" }).click();
      await expect(passing).toContainText("Moved to the trash");
      await passing.getByRole("button", { name: "Undo" }).click();
      await expect(passing).toContainText("A passing thought.");
      await passing.getByRole("button", { name: "Move to the trash" }).click();
      await expect(passing).toContainText("Moved to the trash");

      const letter = await write(page, "My grandmother taught me to bake rye bread, and I miss her kitchen.");
      const reply = await ask(page, letter);
      await expect(reply).toHaveAttribute("data-state", /streaming|complete/, { timeout: 60_000 });
      await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
      const words = (await reply.locator(".reply__text").innerText()).trim();
      expect(words.length).toBeGreaterThan(0);

      await page.locator("input[name=q]").fill("plums");
      await page.locator("input[name=q]").press("Enter");
      const hits = page.locator("#results [data-entry-id]");
      await expect(hits.first()).toContainText("plums");
      await expect(hits.first().locator("mark").first()).toHaveText("plums");
      // No word in common: only the embedder can find it. Indexing takes a moment.
      await expect(async () => {
        await page.locator("input[name=q]").fill("swimming outdoors in winter");
        await page.locator("input[name=q]").press("Enter");
        await expect(hits.first()).toContainText("icy river", { timeout: 2_000 });
      }).toPass({ timeout: 60_000 });
      expect(page.url(), "the query is in no address").not.toContain("swimming");
      await hits.first().getByRole("link").click();
      await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d#entry-/);
      await expectNothingStored(page);

      expect(await program.restart(), "exit code after SIGTERM").toBe(0);
      await signIn(page);
      await expect(page.locator("article.entry")).toHaveCount(2);
      await expect(page.locator(".entry__body").first()).toContainText("icy river");
      await expect(page.locator(".entry__body").last()).toContainText("rye bread");
      await expect(page.getByText("A passing thought.")).toHaveCount(0);
      await expect(page.locator("[data-reply-id]")).toHaveAttribute("data-state", "complete");
      expect((await page.locator(".reply__text").innerText()).trim()).toBe(words);
      await expectNothingStored(page);
    });
  });
}

begun("a reply goes on through a reload and keeps its text when stopped", async ({ page }) => {
  await openToday(page);
  const entry = await write(
    page,
    "Tell me a very long story about a lighthouse keeper, his boat, his dog, and every day of his winter.",
  );
  const reply = await ask(page, entry);
  await expect(reply).toHaveAttribute("data-state", "streaming", { timeout: 60_000 });
  const text = reply.locator(".reply__text");
  await expect(text).not.toBeEmpty();
  const id = await reply.getAttribute("data-reply-id");
  const before = (await text.innerText()).trim();
  await page.reload();
  await expect(reply).toHaveAttribute("data-reply-id", id);
  const squeezed = (value) => value.replace(/[\s*#_-]+/g, " ").trim();
  expect(squeezed(await text.innerText()).startsWith(squeezed(before).slice(0, 20))).toBe(true);

  const stop = reply.getByRole("button", { name: "Stop" });
  if (await stop.isVisible()) await stop.click();
  await expect(reply).toHaveAttribute("data-state", ENDED, { timeout: 60_000 });
  const kept = squeezed(await text.innerText());
  expect(kept.startsWith(squeezed(before).slice(0, 20))).toBe(true);
  await page.reload();
  await expect(reply).toHaveAttribute("data-state", ENDED);
  expect(squeezed(await text.innerText())).toBe(kept);
});

begun("a button that waits for the model can be pressed when it is loaded", async ({ page }) => {
  await openToday(page);
  await write(page, "Is anybody there?");
  // The small model loads faster than a person can look: the page of that moment is drawn from the one of now.
  await page.route("**/d/*", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text())
      .replace(/type="submit">Ask for a reply/g, 'type="submit" disabled data-when-ready="Ask for a reply">The model is loading')
      .replace("</main>", "<model-wait><p>The model is being read into memory.</p></model-wait></main>");
    await route.fulfill({ response: answer, body });
  });
  await page.reload();
  await expect(page.getByRole("button", { name: "The model is loading" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Ask for a reply" })).toBeEnabled();
  await expect(page.locator("model-wait")).toHaveCount(0);
});
