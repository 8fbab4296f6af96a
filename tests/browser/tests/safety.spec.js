import { register, signIn, write } from "../lib/person.js";
import { expect, expectNothingStored, test } from "../lib/fixtures.js";

// proves: SR-25
test("what is written can give the page no orders", async ({ page, watched }) => {
  await register(page);
  await write(
    page,
    [
      '<button hx-get="/healthz?from=button" hx-trigger="load">press</button>',
      '<div hx-get="/healthz?from=div" hx-trigger="load, every 100ms" data-hx-get="/healthz?from=data"></div>',
      '<img src="/healthz?from=img" onerror="fetch(\'/healthz?from=onerror\')">',
      "<script>fetch('/healthz?from=script')</script>",
      "![picture](/healthz?from=markdown) [link](javascript:fetch('/healthz?from=link'))",
      '<reply-stream data-events="/healthz?from=element"></reply-stream>',
      '<form action="/logout" method="post"><button>Out</button></form>',
      "A harmless end.",
    ].join("\n\n"),
  );
  const entry = page.locator("article.entry");
  await expect(entry).toContainText("A harmless end.");
  await page.reload();
  await expect(entry).toContainText("A harmless end.");
  // A press on whatever is left of it, then something that surely does make a request.
  await entry.locator(".entry__body").click();
  for (const link of await entry.locator(".entry__body a").all()) await link.click({ timeout: 1_000 }).catch(() => {});
  await entry.getByRole("link", { name: "Edit" }).click();
  await expect(entry.locator("textarea")).toBeVisible();
  expect(watched.requests.filter((line) => line.includes("/healthz"))).toEqual([]);
  await expect(entry.locator(".entry__body script, .entry__body form, .entry__body img")).toHaveCount(0);
  await expectNothingStored(page);
});

// proves: SR-28
test("signing out leaves nothing behind the back button", async ({ page }) => {
  await register(page);
  await write(page, "Only for me: the harbour at night.");
  await page.getByRole("button", { name: "Lock" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goBack();
  await expect(page.getByText("the harbour at night")).toHaveCount(0);
  await expectNothingStored(page);
});

test("locking in one tab locks the others and keeps what they held", async ({ page, context }) => {
  await register(page);
  const other = await context.newPage();
  await other.goto("/d/today");
  await other.locator("#composer textarea[name=text]").fill("Half a thought in the other tab");
  await page.getByRole("button", { name: "Lock" }).click();
  await expect(page).toHaveURL(/\/login/);
  await expect(other).toHaveURL(/\/login/);
  await signIn(other);
  await expect(other.locator("#composer textarea[name=text]")).toHaveValue("Half a thought in the other tab");
});

// proves: RR-29
test("text stays in the box when saving fails", async ({ page, program, watched }) => {
  watched.expected.push(/ERR_CONNECTION_REFUSED/, /Failed to fetch/);
  await register(page);
  await program.stop();
  await page.locator("#composer textarea[name=text]").fill("Written while the program was away.");
  await page.locator("#composer-save").click();
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(page.locator("#composer textarea[name=text]")).toHaveValue("Written while the program was away.");
});

test("12,001 characters are refused with the text kept", async ({ page, watched }) => {
  watched.expected.push(/422/);
  await register(page);
  const text = "é".repeat(12_001);
  await page.locator("#composer textarea[name=text]").fill(text);
  await page.locator("#composer textarea[name=text]").press("Control+Enter");
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(page.locator("#composer textarea[name=text]")).toHaveValue(text);
  await page.locator("#composer textarea[name=text]").fill(text.slice(1));
  await page.locator("#composer-save").click();
  await expect(page.locator("article.entry")).toHaveCount(1);
});
