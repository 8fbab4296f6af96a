import { begun, expect } from "../lib/fixtures.js";
import { allowUpstream, numbered, openToday, write, writeAll } from "../lib/person.js";
import { withUpstream } from "../lib/upstream.js";

// How an element is drawn before or after its text.
const drawn = (locator, pseudo, property) =>
  locator.evaluate((element, [which, what]) => getComputedStyle(element, which)[what], [pseudo, property]);

begun("a way to an entry shows where it led, with motion and without", async ({ page }) => {
  await openToday(page);
  await writeAll(page, numbered(0, 30));
  await openToday(page);
  const entry = page.locator("article.entry").nth(15);
  const address = await entry.locator(".entry__time a").getAttribute("href");
  expect(await drawn(entry, "::before", "content")).toBe("none");
  for (const [reducedMotion, animation] of [
    ["no-preference", "flash"],
    ["reduce", "none"],
  ]) {
    await page.emulateMedia({ reducedMotion });
    await page.goto("/search");
    await page.goto(address);
    await expect(entry).toBeInViewport();
    expect(await drawn(entry, "::before", "content")).toBe('""');
    expect(await drawn(entry, "::before", "animationName")).toBe(animation);
  }
});

begun("a day is printed as a page of writing, and black on white", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "To be kept on paper.");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(entry.locator(".entry__body")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  for (const gone of [".masthead", "#composer", ".day-head__nav", ".entry__tools", ".skip"])
    await expect(page.locator(gone).first(), gone).toBeHidden();
  const colours = await entry.evaluate((element) => [
    getComputedStyle(document.documentElement).backgroundColor,
    getComputedStyle(element.querySelector(".entry__body")).color,
  ]);
  expect(colours).toEqual(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
});

begun("what a control does is said near it, to the pointer and to the keyboard", async ({ page }) => {
  await openToday(page);
  const earlier = page.getByRole("link", { name: "Day before" });
  expect(await drawn(earlier, "::after", "content")).toBe("none");
  await earlier.hover();
  expect(await drawn(earlier, "::after", "content")).toContain("Day before");
  await page.mouse.move(0, 0);
  expect(await drawn(earlier, "::after", "content")).toBe("none");
  await page.locator("[data-calendar]").focus();
  await page.keyboard.press("Tab");
  await expect(earlier).toBeFocused();
  expect(await drawn(earlier, "::after", "content")).toContain("Day before");
});

begun("beside the box stands how text is marked", async ({ page }) => {
  await openToday(page);
  const help = page.locator(".composer__marks");
  await expect(help).toBeHidden();
  await page.locator("summary", { hasText: "" }).and(page.getByLabel("How to mark text")).click();
  await expect(help).toBeVisible();
  await expect(help).toContainText("**");
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
});

begun("who comes back to a long day stands where they stood", async ({ page }) => {
  await openToday(page);
  await writeAll(page, numbered(0, 60));
  await openToday(page);
  const middle = page.locator("article.entry").nth(30);
  await middle.scrollIntoViewIfNeeded();
  await expect(middle).toBeInViewport();
  await page.goto("/search");
  await page.goBack();
  await expect(middle).toBeInViewport();
  await page.reload();
  await expect(middle).toBeInViewport();
});

withUpstream.describe("a long reply", () => {
  withUpstream.use({ words: Array.from({ length: 160 }, (_, n) => `Sentence${n} of the keeper.\n\n`), pace: 25 });

  withUpstream("is followed to its end, unless somebody has scrolled up", async ({ page, upstream, watched }) => {
    await allowUpstream(page, watched, upstream.host);
    await openToday(page);
    await writeAll(page, numbered(0, 12));
    await openToday(page);
    const entry = page.locator("article.entry").last();
    await entry.getByRole("button", { name: "Ask for a reply" }).click();
    const reply = page.locator("[data-reply-id]");
    await expect(reply).toHaveAttribute("data-state", "streaming");
    const overhang = () => reply.evaluate((element) => element.getBoundingClientRect().bottom - innerHeight);
    // It grows by many lines, and its end stays in sight.
    const before = await reply.evaluate((element) => element.offsetHeight);
    await expect.poll(() => reply.evaluate((element) => element.offsetHeight)).toBeGreaterThan(before + 200);
    expect(await overhang()).toBeLessThan(40);
    await page.mouse.move(600, 400);
    await page.mouse.wheel(0, -900);
    await expect.poll(overhang).toBeGreaterThan(200);
    const there = await page.evaluate(() => scrollY);
    const now = await reply.evaluate((element) => element.offsetHeight);
    await expect.poll(() => reply.evaluate((element) => element.offsetHeight)).toBeGreaterThan(now + 100);
    expect(Math.abs((await page.evaluate(() => scrollY)) - there)).toBeLessThan(2);
  });
});
