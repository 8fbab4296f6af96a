import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expectAccessible } from "../lib/axe.js";
import { NAME, PASSWORD, expect, test } from "../lib/fixtures.js";
import { allowUpstream, openToday, write } from "../lib/person.js";
import { pages } from "../lib/routes.js";
import { withUpstream } from "../lib/upstream.js";

const TEXT = "# Heading\n\nText with `code`, a [link](/d/today), and\n\n> a quotation\n\n- [x] done";
const LONG =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. " +
  "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. " +
  "I must call the bank about the letter. The radio told of snow in the mountains, and nobody believed it.";

// Pages that need a story of their own, and where it is told.
const ELSEWHERE = {
  "/older": "older",
  "/settings/data/import": "transfer",
  "/dev/components": "access",
};
// Of those who are not signed in.
const OUTSIDE = ["/register", "/login", "/recover"];

// A journal with something on every page; answers the addresses of patterns with parameters.
async function lived(page, upstream, watched) {
  await allowUpstream(page, watched, upstream.host);
  await openToday(page);
  const date = new URL(page.url()).pathname.slice(3);
  const past = new Date(Date.parse(date) - 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  for (const day of [past, `2020${date.slice(4)}`]) {
    await page.goto(`/d/${day}`);
    await write(page, LONG);
  }
  await page.reload();
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  const id = await entry.getAttribute("data-entry-id");
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill(TEXT);
  await entry.getByRole("button", { name: "Save" }).click();
  await entry.locator("trace-field summary").click();
  await entry.locator("input[name=name]").fill("tram");
  await entry.locator("input[name=name]").press("Enter");
  const chip = entry.locator("a[href^='/traces/']");
  await expect(chip).toHaveCount(1);
  const trace = await chip.getAttribute("href");
  await entry.getByRole("button", { name: "Ask for a reply" }).click();
  const reply = entry.locator("[data-reply-id]");
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 30_000 });
  const answer = await reply.getAttribute("data-reply-id");
  // A draft of the edit, and one of the day.
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill(`${TEXT} and more`);
  await entry.getByRole("link", { name: "Cancel" }).click();
  await expect(entry.locator("[data-edit-draft]")).toBeVisible();
  const gone = await write(page, "Better not.");
  await gone.getByRole("button", { name: "Move to the trash" }).click();
  await expect(gone).toContainText("Moved to the trash");
  await expectAccessible(page, "an entry that was just moved to the trash");
  const kept = page.waitForResponse((answer) => answer.url().endsWith("/draft") && answer.ok());
  await page.locator("#composer-text").fill("Half a sentence");
  await kept;
  await page.goto("/search");
  await page.locator("main input[name=q]").fill("quotation");
  await page.locator("main input[name=q]").press("Enter");
  await expect(page.locator("#results [data-entry-id]").first()).toBeVisible();
  await expectAccessible(page, "results");
  await page.goto("/ask");
  await page.getByLabel("Your question").fill("Who brought tomatoes from her own garden?");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/ask\/\d+$/);
  const asked = new URL(page.url()).pathname;
  const month = date.slice(0, 7);
  return {
    "/d/:date": [`/d/${date}`, `/d/${past}`, "/d/2020-02-29", "/d/2099-01-01"],
    "/d/:date/recap": [`/d/${past}/recap`],
    "/d/:date/recap/line": [`/d/${past}/recap/line`],
    "/d/:date/opening": [`/d/${date}/opening`],
    "/d/:date/on-this-day": [`/d/${date}/on-this-day`],
    "/calendar/:year": [`/calendar/${date.slice(0, 4)}`],
    "/calendar/:year/:month": [`/calendar/${month.replace("-", "/")}`],
    "/review/:period": [`/review/${month}`, "/review/2020-W10"],
    "/entries/:id": [`/entries/${id}`],
    "/entries/:id/edit": [`/entries/${id}/edit`],
    "/entries/:id/versions": [`/entries/${id}/versions`],
    "/entries/:id/sending": [`/entries/${id}/sending`],
    "/replies/:id": [`/replies/${answer}`],
    "/traces/:id": [trace],
    "/traces/:id/about": [`${trace}/about`],
    "/traces/:id/summary": [`${trace}/summary`],
    "/ask/:n": [asked],
    "/search/:n": ["/search/1"],
  };
}

// D61 (contrast)
withUpstream("every page in every theme passes axe", async ({ page, upstream, watched }) => {
  // More than forty pages, five times each.
  test.setTimeout(600_000);
  // Days that do not exist or have not come, and the page that asks for the password.
  watched.expected.push(/status of 40[34]/);
  const places = await lived(page, upstream, watched);
  const seen = new Set();
  const visit = async (place) => {
    await page.goto(place);
    // Some addresses lead to a part of a page that was seen.
    const { pathname } = new URL(page.url());
    if (seen.has(pathname)) return;
    seen.add(pathname);
    await expectAccessible(page, place);
  };
  for (const pattern of pages().filter((pattern) => !OUTSIDE.includes(pattern))) {
    if (pattern in ELSEWHERE) {
      const spec = readFileSync(new URL(`${ELSEWHERE[pattern]}.spec.js`, import.meta.url), "utf8");
      expect(spec, `${pattern} is seen in ${ELSEWHERE[pattern]}.spec.js`).toContain("expectAccessible(");
      continue;
    }
    const concrete = places[pattern] ?? [pattern];
    expect(concrete.join(), "how to get to a page with parameters stands in `lived`").not.toContain(":");
    for (const place of concrete) await visit(place);
  }
  await visit("/d/2020-02-30");
  await page.goto("/d/today");
  await page.locator("summary", { has: page.locator("svg") }).first().click();
  await expectAccessible(page, "an open menu");
  await page.getByRole("button", { name: "Lock" }).click();
  await expect(page).toHaveURL(/\/login/);
  for (const place of OUTSIDE) await visit(place);
  expect(seen.size).toBeGreaterThan(30);
});

test.describe("llamora dev", () => {
  test.use({ command: ["dev", "--templates", fileURLToPath(new URL("../../../templates", import.meta.url))] });

  test("every component in every state passes axe in every theme", async ({ page, watched }) => {
    // The samples of replies that run belong to nobody.
    watched.expected.push(/status of 401/);
    await page.goto("/dev/components");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Components");
    await expectAccessible(page, "the components");
    await page.getByRole("button", { name: "Popover" }).click();
    await expect(page.locator("#c-popover")).toBeVisible();
    await expectAccessible(page, "an open popover");
  });
});

// D60
test("everything can be done by keyboard alone", async ({ page }) => {
  await page.goto("/register");
  // Tab until the wanted thing has the focus, as a person would.
  const tabTo = async (wanted) => {
    for (let n = 0; n < 40; n += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`${wanted} cannot be reached with Tab`);
  };
  await tabTo(page.locator("input[name=username]"));
  await page.keyboard.type(NAME);
  await tabTo(page.locator("input[name=password]"));
  await page.keyboard.type(PASSWORD);
  await tabTo(page.locator("input[name=password_confirm]"));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("link", { name: "I have kept it" }));
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("link", { name: "Skip it" }));
  await page.keyboard.press("Enter");

  const box = page.locator("#composer textarea[name=text]");
  await tabTo(box);
  await page.keyboard.type("First line");
  await page.keyboard.press("Enter");
  await page.keyboard.type("second line");
  await page.keyboard.press("Control+Enter");
  const entry = page.locator("article.entry");
  await expect(entry).toContainText("second line");
  await expect(box).toBeFocused();

  await tabTo(entry.getByRole("link", { name: "Edit" }));
  await page.keyboard.press("Enter");
  await expect(entry.locator("textarea")).toBeFocused();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(", and a third");
  await page.keyboard.press("Control+Enter");
  await expect(entry).toContainText("and a third");

  await tabTo(entry.getByRole("button", { name: "Move to the trash" }));
  await page.keyboard.press("Enter");
  await tabTo(entry.getByRole("button", { name: "Undo" }));
  await page.keyboard.press("Enter");
  await expect(entry).toContainText("and a third");
});
