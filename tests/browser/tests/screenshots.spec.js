import { expect, begun as test } from "../lib/fixtures.js";
import { look } from "../lib/look.js";
import { ask, openToday, write, writeAll } from "../lib/person.js";

// Pictures of the pages; `make screenshots` writes those of README.md to docs/.
const DAY = 24 * 60 * 60 * 1000;
const WANTED = [
  "day-wide-light",
  "reply-wide-dark",
  "day-phone-light",
  "search-wide-light",
  "calendar-wide-light",
  "year-wide-dark",
  "trace-wide-light",
  "review-phone-light",
  "appearance-wide-dark",
  "ask-wide-light",
  "review-wide-dark",
];

const ENTRIES = [
  "The lake was so still this morning that the herons had twins.\n\nWalked out to the **third jetty** and back. Cold hands, clear head.",
  "Things for the weekend:\n\n- [x] return the ladder\n- [ ] plums from Anneke\n- [ ] write to Tom",
  "I keep thinking about what Dad said on the phone. He sounded tired, but he laughed when I told him about the ladder.",
];

// What was written on the days before, by how many days ago.
const EARLIER = {
  1: ["Rain all day. Anneke came by with plums, and we sat in the kitchen until it was dark. She talked of selling the boat."],
  3: ["The first frost. Swept the leaves off the steps before anybody was up, and saw the fox again.", "Soup with Tom."],
  4: ["Letter from Jonas. He has found work at the harbour, and a room with a window to the east. I read it twice."],
  8: ["Could not sleep. Counted the freight trains over the bridge: eleven."],
  9: ["Market with Anneke. Quinces, a new rope for the boat, and far too much cheese. We laughed all the way back."],
  12: ["Swam out to the buoy, perhaps for the last time this year. The water had become thin and clear."],
  16: ["Dad’s birthday. We called him and all sang out of tune."],
};

const ANY_DAY = [
  "A walk along the dyke, and home before the rain.",
  "Read until the light was gone, with the cat on my feet.",
  "Anneke called. The boat needs a new rope, and so do we.",
  "Bread, at last a good one. The trick is to wait.",
  "Long day. I said too much in the meeting, and was glad of it in the evening.",
  "Fog over the canal until noon; then all at once every window was bright.",
];

test("pictures of the pages, wide and on a phone", async ({ page }) => {
  await openToday(page);
  // In a place where it is morning, so that times of day look like a day.
  const east = ((46 - new Date().getUTCHours()) % 24) - 12;
  await page.goto("/settings/journal");
  await page.getByLabel("Time zone").fill(`Etc/GMT${east > 0 ? "-" : "+"}${Math.abs(east)}`);
  await page.getByRole("button", { name: "Save" }).click();
  await openToday(page);
  const now = Date.parse(new URL(page.url()).pathname.slice(3));
  const dated = (ago) => new Date(now - ago * DAY).toISOString().slice(0, 10);
  const wrote = Object.keys(EARLIER).map(Number);
  for (const [ago, texts] of Object.entries(EARLIER)) await writeAll(page, texts, dated(ago));
  for (let ago = 20; ago < 320; ago += 1 + ((ago * 7) % 5)) {
    wrote.push(ago);
    const texts = Array.from({ length: 1 + (ago % 4) }, (_, n) => ANY_DAY[(ago + n) % ANY_DAY.length]);
    await writeAll(page, texts, dated(ago));
  }
  const shown = async (name, address, options = {}) => {
    if (address) await page.goto(address);
    await look(page, name, { only: WANTED, ...options });
  };
  // Two traces through the days that name them, sent as the form sends them.
  for (const ago of wrote.filter((day) => day < 9 || day % 3 === 0)) {
    await page.goto(`/d/${dated(ago)}`);
    await page.evaluate(async () => {
      for (const name of ["anneke", "boat"]) {
        for (const entry of document.querySelectorAll("article.entry")) {
          if (!entry.innerText.toLowerCase().includes(name)) continue;
          const { csrf } = entry.querySelector("form").elements;
          const body = new URLSearchParams({ csrf: csrf.value, name });
          await fetch(`/entries/${entry.dataset.entryId}/traces`, { method: "POST", body, redirect: "manual" });
        }
      }
    });
  }
  await page.goto("/traces");
  const trace = await page.locator("main a[href^='/traces/']", { hasText: "anneke" }).first().getAttribute("href");
  await shown("calendar", `/calendar/${dated(0).slice(0, 7).replace("-", "/")}`);
  await shown("year", `/calendar/${dated(0).slice(0, 4)}`);
  await shown("trace", trace);
  await shown("review", `/review/${dated(4).slice(0, 7)}`);
  await shown("appearance", "/settings/appearance");

  await openToday(page);
  let entry;
  for (const text of ENTRIES) entry = await write(page, text);
  const reply = await ask(page, entry);
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
  await page.goto("/d/today");
  await expect(page.locator("#opening")).toHaveAttribute("data-opening", "there", { timeout: 60_000 });
  await shown("day");
  await entry.evaluate((element) => element.scrollIntoView({ block: "start" }));
  await shown("reply");
  await page.goto("/search");
  await page.locator("input[name=q]").fill("a quiet walk by the water");
  await expect(async () => {
    await page.locator("input[name=q]").press("Enter");
    await expect(page.locator("#results [data-entry-id]").first()).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await shown("search");
  await page.goto("/ask");
  await page.getByLabel("Your question").fill("Where has Jonas found work?");
  await page.keyboard.press("Enter");
  await expect(page.locator("#answer [data-entry-id]").first()).toBeVisible();
  await shown("ask");
});
