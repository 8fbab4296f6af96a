import { gzipSync } from "node:zlib";
import { expect, begun as test } from "../lib/fixtures.js";
import { numbered, openToday, writeAll } from "../lib/person.js";

const ENTRIES = 200;
const KB = 1000;

test("a day of 200 entries stands still while it loads, and weighs little", async ({ page }) => {
  await openToday(page);
  await writeAll(page, numbered(0, ENTRIES));

  const sizes = {};
  page.on("response", async (response) => {
    const kind = /\.(js|css)$/.exec(new URL(response.url()).pathname)?.[1];
    if (kind) sizes[kind] = gzipSync(await response.body()).length;
  });
  await page.addInitScript(() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto("/d/today");
  await expect(page.locator("article.entry")).toHaveCount(ENTRIES);
  const { firstByte, ready } = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    return { firstByte: navigation.responseStart - navigation.requestStart, ready: navigation.domContentLoadedEventEnd };
  });
  const down = page.getByRole("button", { name: "To the end of the day" });
  await expect(down).toBeVisible();
  const shifted = await page.evaluate(() => window.shifted);
  console.log(`first byte ${Math.round(firstByte)} ms, ready ${Math.round(ready)} ms, shifted ${shifted.toFixed(4)}`, sizes);
  expect(shifted).toBeLessThan(0.02);
  expect(sizes.js).toBeLessThan(60 * KB);
  expect(sizes.css).toBeLessThan(20 * KB);

  await down.click();
  await expect(page.locator("#composer-text")).toBeInViewport();
  await expect(page.locator("#composer-text")).toBeFocused();
  // The way to one entry in the middle of them.
  const middle = page.locator("article.entry").nth(100);
  await page.goto(`/d/today#${await middle.getAttribute("id")}`);
  await page.goto((await middle.locator(".entry__time a").getAttribute("href")) ?? "");
  await expect(middle).toBeInViewport();
});
