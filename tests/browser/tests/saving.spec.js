import { NAME, PASSWORD, expect, begun as test } from "../lib/fixtures.js";
import { openToday, signIn, write } from "../lib/person.js";

// As most people have it: pages fade into each other.
test.use({ contextOptions: { reducedMotion: "no-preference" } });

const TEXT = "Snow on the bridge, and nobody in a hurry.";

const box = (page) => page.locator("#composer textarea[name=text]");
const save = (page) => page.locator("#composer-save").click();

// Saves; where it is said that it needs a second press, presses again.
async function saveAgain(page) {
  await save(page);
  const said = page.locator("#notices").getByText("Try once more: it works now.");
  await expect(said.or(page.locator("article.entry"))).toBeVisible();
  if (!(await said.isVisible())) return;
  await expectKept(page);
  await save(page);
}

async function expectKept(page) {
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(box(page)).toHaveValue(TEXT);
  await expect(box(page)).toBeEditable();
}

// D01
// proves: RR-29 (each way in which saving fails, then one entry)
test("whatever keeps a text from being saved, it stays, it is said, and a later try saves one entry", async ({ page, watched }) => {
  watched.expected.push(/ERR_FAILED|Failed to fetch|status of (413|429|500|503|507)/);
  await openToday(page);
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

// D01 (the program itself is gone, and comes back)
test("a lost connection keeps the text, and once the program is there again one entry is saved", async ({ page, program, watched }) => {
  // The first try with the page of before is refused, and brings the token of now.
  watched.expected.push(/ERR_CONNECTION_REFUSED|Failed to fetch|status of 403/);
  await openToday(page);
  await box(page).fill(TEXT);
  await program.restart(async () => {
    for (let n = 0; n < 2; n += 1) {
      await save(page);
      await expectKept(page);
      await expect(page.locator("#notices")).not.toBeEmpty();
    }
  });
  await saveAgain(page);
  await expect(page.locator("article.entry .entry__body")).toHaveText(TEXT);
  await expect(box(page)).toHaveValue("");
  await page.reload();
  await expect(page.locator("article.entry")).toHaveCount(1);
});

// D48 (a tab that was open for long)
test("a tab from before the last sign-in keeps its text and saves one entry", async ({ page, context, watched }) => {
  watched.expected.push(/status of 40[13]/);
  await openToday(page);
  await box(page).fill(TEXT);
  await context.clearCookies();
  const other = await context.newPage();
  await signIn(other);
  await saveAgain(page);
  await expect(page.locator("article.entry .entry__body")).toHaveText(TEXT);
  await other.goto("/d/today");
  await expect(other.locator("article.entry")).toHaveCount(1);
});

// D06
test("two tabs that edit one entry lose neither text", async ({ page, context, watched }) => {
  watched.expected.push(/status of 409/);
  await openToday(page);
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

// D48
test("a session that ends under a text asks for the password in place and saves one entry", async ({ page, context, watched }) => {
  watched.expected.push(/status of 401/);
  await openToday(page);
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
