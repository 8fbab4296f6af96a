import { expectAccessible } from "../lib/axe.js";
import { expect, test } from "../lib/fixtures.js";
import { bringIn, fromMenu, register } from "../lib/person.js";

const DAY = 24 * 60 * 60 * 1000;
const daysAgo = (days) => new Date(Date.now() - days * DAY).toISOString().slice(0, 10);

const SENTENCES = [
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana, row by row along the southern wall.",
  "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden behind the school.",
  "Ana dug the garden over and the tomatoes came up between the stones while the radio told of snow in the mountains.",
  "We ate tomatoes from the garden at the long table, all eleven of us, and nobody wanted to get up before it was dark.",
];
const LONG = SENTENCES.join(" ");

// Thirty days of a garden; the latest is long enough for a recap.
const garden = () =>
  Array.from({ length: 30 }, (_, n) => ({
    day: daysAgo(n + 3),
    text: n === 0 ? LONG : SENTENCES[n % SENTENCES.length],
    tags: n === 1 ? ["@garden", "@ana"] : ["@garden"],
  }));

test("the page of a trace says what it is about, and keeps one's place", async ({ page }) => {
  await register(page);
  await bringIn(page, garden());
  await fromMenu(page, "Traces");
  await page.getByRole("link", { name: "garden", exact: true }).click();
  const summary = page.locator("#summary[data-recap=own]");
  await expect(summary).toBeVisible({ timeout: 20_000 });
  await expect(summary).toContainText("In your own words");
  await expect(summary.locator("a[href^='/d/']").first()).toBeVisible();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page, `a trace with a summary, ${colorScheme}`);
  }

  // A day of the year that is rested on says its recap; by keyboard too.
  const day = page.locator(`.trace-heat td[data-level] a[href="/d/${daysAgo(3)}"]`);
  await day.focus();
  await expect(page.locator("[data-recap-line]")).toContainText("tomatoes", { timeout: 20_000 });

  // The list goes on by itself; whoever comes back finds the same entry.
  await expect(page.locator("article.entry")).toHaveCount(20);
  await page.locator("#trace-more").scrollIntoViewIfNeeded();
  await expect(page.locator("article.entry")).toHaveCount(30);
  await expect(page).toHaveURL(/upto=2$/);
  await page.locator(".trace-day__date a").last().click();
  await expect(page).toHaveURL(/\/d\//);
  await page.goBack();
  await expect(page.locator("article.entry")).toHaveCount(30);
  await expect(page.locator("article.entry").last()).toBeInViewport();

  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.locator("#summary").getByRole("button", { name: "Remove" }).click();
  await expect(page.locator("#summary")).toHaveCount(0);

  // Where a chip is opened, the same in short.
  await page.goto(`/d/${daysAgo(4)}`);
  await page.locator(".chip__name", { hasText: "garden" }).first().click();
  const about = page.locator(".chip__about:popover-open");
  await expect(about).toContainText("Appears with");
  await expect(about.locator("li")).toHaveCount(5);
  await expectAccessible(page, "an opened chip");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await about.locator("li a").first().click();
  await expect(page).toHaveURL(new RegExp(`/d/${daysAgo(3)}#entry-`));
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("the page of a trace comes in pages, narrowed down by days and another trace", async ({ page }) => {
    await register(page);
    await bringIn(page, garden());
    await fromMenu(page, "Traces");
    await page.getByRole("link", { name: "garden", exact: true }).click();
    await expect(page.locator("article.entry")).toHaveCount(20);
    await page.locator("#trace-more a").click();
    await expect(page.locator("article.entry")).toHaveCount(10);
    await page.goBack();
    await page.locator("summary", { hasText: "Narrow down" }).click();
    await page.locator("#with").selectOption({ label: "ana (1)" });
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect(page.getByText("One entry fits.")).toBeVisible();
    await page.locator("#with").selectOption({ label: "any" });
    await page.locator("#from").fill(daysAgo(5));
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect(page.getByText("3 entries fit.")).toBeVisible();
  });
});

// Line 2 of the list of traces: 600 names here, each on two entries; where it is measured as many as LLAMORA_BROWSER_NAMES
// says, each on ten.
test("a long list is filtered without work that could be felt", async ({ page }) => {
  test.setTimeout(300_000);
  const names = Number(process.env.LLAMORA_BROWSER_NAMES ?? 600);
  const each = process.env.LLAMORA_BROWSER_NAMES ? 10 : 2;
  const groups = Math.ceil(names / 200);
  const rows = Array.from({ length: groups * each }, (_, entry) => {
    const n = entry % groups;
    const tags = Array.from({ length: Math.min(200, names - n * 200) }, (_, tag) => `@name-${n}-${tag}-of-many`);
    return { day: daysAgo(entry + 3), text: `Entry number ${entry}.`, tags };
  });
  await register(page);
  await bringIn(page, rows);
  const shown = page.locator(".trace-list__all > li");
  const arrival = () =>
    page.evaluate(() => {
      const [navigation] = performance.getEntriesByType("navigation");
      return { wait: navigation.responseStart - navigation.requestStart, bytes: navigation.decodedBodySize };
    });
  const waits = [];
  for (let load = 0; load < 9; load += 1) {
    await page.goto("/traces");
    waits.push((await arrival()).wait);
  }
  const [first] = waits;
  const median = waits.sort((left, right) => left - right)[4];
  console.log(
    `the list of ${names}: ${Math.round(first)} ms until it comes at first, ${Math.round(median)} ms then ` +
      `(median of 9 loads), ${(await arrival()).bytes} bytes`,
  );
  await expect(shown).toHaveCount(200);
  await expect(page.locator(".results__count")).toContainText(String(names));

  // The time from each key to the frame that shows it, as the browser measures it, and the work that blocks.
  await page.evaluate(() => {
    window.measured = { keys: [], blocking: [] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (entry.name === "input" || entry.name === "keydown")
          window.measured.keys.push(entry.processingEnd - entry.processingStart);
    }).observe({ type: "event", durationThreshold: 16 });
    new PerformanceObserver((list) => window.measured.blocking.push(...list.getEntries().map((task) => task.duration))).observe({
      type: "longtask",
    });
  });
  await page.locator("#trace-filter").pressSequentially("name-1-77", { delay: 60 });
  await expect(shown).toHaveCount(1);
  const narrow = await page.evaluate(() => document.querySelectorAll("#traces *").length);
  for (const _ of "name-1-77") await page.keyboard.press("Backspace", { delay: 60 });
  await expect(shown).toHaveCount(200);
  const wide = await page.evaluate(() => document.querySelectorAll("#traces *").length);
  const measured = await page.evaluate(() => window.measured);
  const worst = (all) => Math.round(Math.max(0, ...all));
  console.log(
    `${names} names: handlers of a slow key at most ${worst(measured.keys)} ms (of ${measured.keys.length} slow ones), ` +
      `work that blocked at most ${worst(measured.blocking)} ms (${measured.blocking.length} times), ` +
      `${wide} elements in the longest list, ${narrow} in the shortest`,
  );
  // What a key costs does not grow with the names: it is a window of 200, however many there are.
  expect(wide).toBeLessThan(200 * 6);
  expect(narrow).toBeLessThan(40);

  await page.locator("#trace-filter").fill("name-1-77");
  await expect(shown).toHaveCount(1);
  await page.goto(await shown.getByRole("link", { name: "name-1-77-of-many", exact: true }).getAttribute("href"));
  await expect(page.locator("article.entry")).toHaveCount(each);
  const detail = await arrival();
  console.log(`the page of one on ${each} entries: ${Math.round(detail.wait)} ms until it comes, ${detail.bytes} bytes`);
});
