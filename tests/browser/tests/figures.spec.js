import { gzipSync } from "node:zlib";
import { expect, test } from "../lib/fixtures.js";
import { allowUpstream, register } from "../lib/person.js";
import { Program } from "../lib/program.js";
import { Upstream } from "../lib/upstream.js";

const KB = 1000;
const LIMIT = { page: 150 * KB, script: 60 * KB, style: 20 * KB, shift: 0.02 };

// Writes entries of a few lines each without drawing them.
async function writeMany(page, count) {
  await page.evaluate(async (n) => {
    const { action, elements } = document.querySelector("#composer form");
    for (let idx = 0; idx < n; idx += 1) {
      const text = `Entry **${idx}**. ${"Some words about the day, the weather and the lake. ".repeat(4)}`;
      const fields = { csrf: elements.namedItem("csrf").value, op: `${elements.namedItem("op").value}${idx}`, text };
      const answer = await fetch(action, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
      if (answer.type !== "opaqueredirect") throw new Error(`entry ${idx}: ${answer.status}`);
    }
  }, count);
}

// Opens today and gives the figures of it. What is measured in milliseconds is printed, never judged: machines differ.
async function open(page) {
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
  await page.goto("/d/today");
  await page.evaluate(() => document.fonts.ready);
  await expect(page.locator("#composer-text")).toBeAttached();
  const times = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    return {
      "first byte": Math.round(navigation.responseStart - navigation.requestStart),
      ready: Math.round(navigation.domContentLoadedEventEnd),
      shift: Number(window.shifted.toFixed(4)),
      "long tasks": window.longTasks.length,
    };
  });
  page.off("response", weigh);
  await Promise.all(read);
  return { ...times, ...sizes };
}

test("today weighs little and stands still, with 30 entries and with 300", async ({ page }) => {
  await page.addInitScript(() => {
    window.shifted = 0;
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
    }).observe({ type: "layout-shift", buffered: true });
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) window.longTasks.push(Math.round(task.duration));
    }).observe({ type: "longtask", buffered: true });
  });
  await register(page);
  let written = 0;
  for (const count of [30, 300]) {
    await writeMany(page, count - written);
    written = count;
    await open(page); // what the browser keeps is in its cache, as on any later day
    const figures = await open(page);
    await expect(page.locator("article.entry")).toHaveCount(count);
    console.log(`today with ${count} entries`, figures);
    expect(figures.shift).toBeLessThan(LIMIT.shift);
    expect(figures.script).toBeLessThan(LIMIT.script);
    expect(figures.style).toBeLessThan(LIMIT.style);
    if (count === 30) expect(figures.page).toBeLessThan(LIMIT.page);
  }
  // What lies out of sight is not laid out.
  const skipped = await page
    .locator("article.entry .entry__tasks")
    .evaluateAll((all) => all.filter((one) => getComputedStyle(one).contentVisibility === "auto").length);
  expect(skipped).toBeGreaterThan(200);
});

const WORDS = 100;

const streaming = test.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  upstream: async ({}, use) => {
    // Twenty words a second for five seconds; no two alike, because what repeats itself is cut.
    const upstream = await new Upstream().start(Array.from({ length: WORDS }, (_, n) => `word${n} `), 50);
    await use(upstream);
    await upstream.end();
  },
  program: async ({ upstream }, use) => {
    const program = await new Program("127.0.0.1", { LLAMORA_LLM__UPSTREAM__HOST: `http://${upstream.host}` }).start();
    await use(program);
    await program.end();
  },
});

streaming("words that stream in leave the page its breath", async ({ page, upstream, watched }) => {
  await register(page);
  await allowUpstream(page, watched, upstream.host);
  await page.goto("/d/today");
  await writeMany(page, 30);
  await page.goto("/d/today");
  await page.evaluate(() => {
    window.tasks = [];
    window.frames = 0;
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) window.tasks.push(Math.round(task.duration));
    }).observe({ type: "longtask" });
    window.announced = [];
    const announcer = document.getElementById("announcer");
    new MutationObserver(() => announcer.textContent && window.announced.push(announcer.textContent)).observe(announcer, {
      childList: true,
      characterData: true,
      subtree: true,
    });
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
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 60_000 });
  const figures = await page.evaluate(
    ([frames, tasks]) => ({ frames: window.frames - frames, "tasks above 50 ms": window.tasks.slice(tasks) }),
    from,
  );
  console.log("streaming 20 words a second", figures);
  // A screen reader hears that it has ended, once, and not each word.
  expect(await page.evaluate(() => window.announced)).toEqual(["The reply has ended."]);
  expect(await reply.evaluate((element) => element.closest("[aria-live], [role=status], [role=log]"))).toBeNull();
  // A page that is drawn at least once for each word keeps up with them.
  expect(figures.frames).toBeGreaterThan(WORDS);
});
