import { gzipSync } from "node:zlib";
import { expect, begun as test } from "../lib/fixtures.js";
import { allowUpstream, numbered, openToday, writeAll } from "../lib/person.js";
import { withUpstream } from "../lib/upstream.js";

// What is measured in milliseconds is printed, never judged: machines differ. `npx playwright test --no-deps figures`
// runs this file alone.
const KB = 1000;
const LIMIT = { page: 150 * KB, script: 60 * KB, style: 20 * KB, shift: 0.02 };
const LOADS = 9;

const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];

// What a page weighs, compressed, without typefaces: everything it asks for while `act` happens.
async function weighed(page, act) {
  const sizes = { page: 0, script: 0, style: 0 };
  const read = [];
  const weigh = (response) => {
    const path = new URL(response.url()).pathname;
    const kind = path.endsWith(".js") ? "script" : path.endsWith(".css") ? "style" : undefined;
    if (/\.woff2$/.test(path)) return;
    const weight = response.body().then((body) => {
      const compressed = gzipSync(body).length;
      sizes.page += compressed;
      if (kind) sizes[kind] += compressed;
    });
    read.push(weight.catch(() => {}));
  };
  page.on("response", weigh);
  await act();
  page.off("response", weigh);
  await Promise.all(read);
  return sizes;
}

// Opens today and waits until nothing comes any more.
async function open(page) {
  await page.goto("/d/today");
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  return page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    return {
      firstByte: navigation.responseStart - navigation.requestStart,
      answer: navigation.responseEnd - navigation.requestStart,
      ready: navigation.domContentLoadedEventEnd - navigation.redirectEnd,
      shift: window.shifted,
    };
  });
}

for (const count of [30, 300]) {
  test(`today with ${count} entries weighs little and stands still`, async ({ page }) => {
    await page.addInitScript(() => {
      window.shifted = 0;
      new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await openToday(page);
    await writeAll(page, numbered(0, count));
    // What the browser keeps is in its cache from here on, as on any later day.
    const sizes = await weighed(page, () => open(page));
    const loads = [];
    for (let n = 0; n < LOADS; n += 1) loads.push(await open(page));
    await expect(page.locator("article.entry")).toHaveCount(count);
    const middle = (figure) => median(loads.map((load) => load[figure]));
    const shift = Math.max(...loads.map((load) => load.shift));
    console.log(
      `FIGURE today with ${count} entries: first byte ${middle("firstByte").toFixed(0)} ms, ` +
        `whole answer ${middle("answer").toFixed(0)} ms, ready ${middle("ready").toFixed(0)} ms (medians of ${LOADS} loads), ` +
        `largest layout shift ${shift.toFixed(4)}, ` +
        `page ${sizes.page} B, script ${sizes.script} B, style ${sizes.style} B compressed`,
    );
    expect(shift).toBeLessThan(LIMIT.shift);
    expect(sizes.script).toBeGreaterThan(KB);
    expect(sizes.script).toBeLessThan(LIMIT.script);
    expect(sizes.style).toBeGreaterThan(KB);
    expect(sizes.style).toBeLessThan(LIMIT.style);
    if (count === 30) return expect(sizes.page).toBeLessThan(LIMIT.page);
    // What lies out of sight is not laid out.
    const skipped = await page
      .locator("article.entry .entry__tasks")
      .evaluateAll((all) => all.filter((one) => getComputedStyle(one).contentVisibility === "auto").length);
    expect(skipped).toBeGreaterThan(200);
  });
}

const WORDS = 100;

withUpstream.describe("twenty words a second for five seconds", () => {
  // No two alike, because what repeats itself is cut.
  withUpstream.use({ words: Array.from({ length: WORDS }, (_, n) => `word${n} `), pace: 50 });

  // D63
  withUpstream("words that stream in leave the page its breath", async ({ page, upstream, watched }) => {
    await allowUpstream(page, watched, upstream.host);
    await openToday(page);
    await writeAll(page, numbered(0, 30));
    await openToday(page);
    await page.evaluate(() => {
      window.tasks = [];
      window.frames = 0;
      window.announced = [];
      new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.tasks.push(Math.round(task.duration));
      }).observe({ type: "longtask" });
      const announcer = document.getElementById("announcer");
      new MutationObserver(() => announcer.textContent && window.announced.push(announcer.textContent)).observe(
        announcer,
        { childList: true, characterData: true, subtree: true },
      );
      const count = () => {
        window.frames += 1;
        requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
    });
    const entry = page.locator("article.entry").last();
    await entry.hover();
    await entry.getByRole("button", { name: "Ask for a reply" }).click();
    const reply = page.locator("[data-reply-id]");
    await expect(reply).toHaveAttribute("data-state", "streaming");
    const from = await page.evaluate(() => [window.frames, window.tasks.length]);
    // Nobody asks the page anything meanwhile: to be asked is work as well.
    await page.evaluate(() => {
      const ended = '[data-reply-id][data-state="complete"]';
      return new Promise((resolve) => {
        const look = () => document.querySelector(ended) && resolve();
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
        look();
      });
    });
    const figures = await page.evaluate(
      ([frames, tasks]) => ({ frames: window.frames - frames, tasks: window.tasks.slice(tasks) }),
      from,
    );
    console.log(
      `FIGURE ${WORDS} words at 20 a second on a day of 30 entries: ${figures.tasks.length} tasks above 50 ms ` +
        `(longest ${Math.max(0, ...figures.tasks)} ms), ${figures.frames} frames drawn`,
    );
    await expect(reply).toContainText(`word${WORDS - 1}`);
    // A screen reader hears that it has ended, once, and not each word.
    await expect.poll(() => page.evaluate(() => window.announced)).toEqual(["The reply has ended."]);
    expect(await reply.evaluate((element) => element.closest("[aria-live], [role=status], [role=log]"))).toBeNull();
    // A page that is drawn at least once for each word keeps up with them.
    expect(figures.frames).toBeGreaterThan(WORDS);
  });
});
