import { NAME, PASSWORD, expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

const TEXT = "Snow on the bridge, and nobody in a hurry.";

const box = (page) => page.locator("#composer textarea[name=text]");
const save = (page) => page.locator("#composer-save").click();

async function expectKept(page) {
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(box(page)).toHaveValue(TEXT);
  await expect(box(page)).toBeEditable();
}

// proves: RR-29 (each way in which saving fails, then one entry)
test("whatever keeps a text from being saved, it stays, it is said, and a later try saves one entry", async ({ page, watched }) => {
  watched.expected.push(/ERR_FAILED|Failed to fetch|status of (413|429|500|503|507)/);
  await register(page);
  const ways = {
    "nobody answers": (route) => route.abort(),
    // The entry was saved and the answer to it lost on the way: the next try must find it.
    "the answer is lost": async (route) => {
      await route.fetch();
      await route.abort();
    },
    ...Object.fromEntries(
      [413, 429, 500, 503, 507].map((status) => [
        `${status} is the answer`,
        (route) => route.fulfill({ status, contentType: "text/html", body: "<p>Not saved, for a reason.</p>" }),
      ]),
    ),
  };
  let count = 0;
  for (const [what, fail] of Object.entries(ways)) {
    await test.step(what, async () => {
      await page.route("**/entries", fail, { times: 1 });
      await box(page).fill(TEXT);
      await save(page);
      await expectKept(page);
      await expect(page.locator("#notices")).not.toBeEmpty();
      await save(page);
      count += 1;
      await expect(box(page)).toHaveValue("");
      await expect(page.locator("article.entry")).toHaveCount(count);
      await page.reload();
      await expect(page.locator("article.entry")).toHaveCount(count);
      await expect(box(page)).toHaveValue("");
    });
  }
});

test("two tabs that edit one entry lose neither text", async ({ page, context, watched }) => {
  watched.expected.push(/status of 409/);
  await register(page);
  const entry = await write(page, TEXT);
  const id = await entry.getAttribute("data-entry-id");
  const other = await context.newPage();
  await other.goto("/d/today");
  const there = other.locator(`article[data-entry-id="${id}"]`);
  for (const place of [entry, there]) await place.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill("The first tab.");
  await entry.getByRole("button", { name: "Save" }).click();
  await expect(entry.locator(".entry__body")).toHaveText("The first tab.");
  await there.locator("textarea").fill("The second tab.");
  await there.getByRole("button", { name: "Save" }).click();
  await expect(there.locator(".conflict__text")).toHaveText("The first tab.");
  await expect(there.locator("textarea")).toHaveValue("The second tab.");
  await there.getByRole("button", { name: "Save" }).click();
  await expect(there.locator(".entry__body")).toHaveText("The second tab.");
  await there.getByRole("link", { name: "Earlier versions" }).click();
  await expect(other.locator(".versions")).toContainText("The first tab.");
});

test("a session that ends under a text asks for the password in place and saves one entry", async ({ page, context, watched }) => {
  watched.expected.push(/status of 401/);
  await register(page);
  await box(page).fill(TEXT);
  await context.clearCookies();
  await save(page);
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=password]").fill(PASSWORD);
  await expect(page.locator("input[name=password]")).toHaveValue(PASSWORD);
  await page.locator("input[name=password]").press("Enter");
  await expect(page.locator("article.entry")).toHaveCount(1);
  await expect(page.locator("article.entry .entry__body")).toHaveText(TEXT);
  await page.goto("/d/today");
  await expect(page.locator("article.entry")).toHaveCount(1);
});
