import { expectAccessible } from "../lib/axe.js";
import { begun, expect, expectNothingStored, test } from "../lib/fixtures.js";
import { fromMenu, register, openToday, write } from "../lib/person.js";

// As most people have it: pages fade into each other.
test.use({ contextOptions: { reducedMotion: "no-preference" } });

const TODAY = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/Amsterdam" }).format(new Date());

// Pages of which the scripts have begun.
const scripted = (page) => expect(page.locator("html")).toHaveAttribute("data-scripts", "");

begun("the date opens the calendar, and the keyboard finds a day in it", async ({ page }) => {
  await openToday(page);
  await write(page, "Something for the calendar.");
  const date = page.locator("[data-calendar]");
  await date.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Calendar" });
  await expect(dialog).toBeVisible();
  await expectAccessible(page, "the calendar over a day");
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("href"));
  await expect.poll(focused).toBe(`/d/${TODAY()}`);
  await expect(dialog.locator("[aria-current=date]")).toHaveAttribute("aria-label", /1 entry$/);
  const first = `/d/${TODAY().slice(0, 8)}01`;
  for (let n = 0; n < 31 && (await focused()) !== first; n += 1) await page.keyboard.press("ArrowLeft");
  expect(await focused()).toBe(first);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(date).toBeFocused();

  await page.keyboard.press("c");
  await expect(dialog).toBeVisible();
  await dialog.locator(`a[href="${first}"]`).click();
  await expect(page).toHaveURL(first);
  await expectNothingStored(page);
});

// D09
begun("tasks are ticked in place, and with the keyboard", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "- [ ] plums\n- [ ] bread");
  // What stands there at once is what will be read later.
  const live = await entry.locator(".entry__body").innerHTML();
  await page.reload();
  expect(await entry.locator(".entry__body").innerHTML()).toBe(live);
  const boxes = entry.getByRole("checkbox");
  await boxes.nth(1).click();
  await expect(boxes.nth(1)).toBeChecked();
  await expect(boxes.nth(1)).toBeFocused();
  await boxes.nth(0).focus();
  await page.keyboard.press("Space");
  await expect(boxes.nth(0)).toBeChecked();
  await boxes.nth(1).click();
  await expect(boxes.nth(1)).not.toBeChecked();
  await page.reload();
  await expect(boxes.nth(0)).toBeChecked();
  await expect(boxes.nth(1)).not.toBeChecked();
  // What came in its place still listens.
  await entry.getByRole("link", { name: "Edit" }).click();
  await expect(entry.locator("textarea")).toHaveValue("- [x] plums\n- [ ] bread");
});

// D64
begun("shortcuts are listed, work, and can be switched off", async ({ page }) => {
  await openToday(page);
  await scripted(page);
  await page.keyboard.press("n");
  const box = page.locator("#composer-text");
  await expect(box).toBeFocused();
  await page.keyboard.type("No shortcut here?");
  await expect(box).toHaveValue("No shortcut here?");
  await expect(page.locator("#composer output")).toHaveText("3 words");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("#composer-status")).toHaveText(/^Saved \d\d:\d\d$/);
  await page.goto("/d/today");
  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Shortcuts" });
  await expect(list).toContainText("only the page and the text");
  await page.keyboard.press("Escape");
  await expect(list).toHaveCount(0);
  await page.keyboard.press("f");
  await expect(page.locator(".masthead")).toBeHidden();
  await expect(page.locator("#composer-text")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator(".masthead")).toBeVisible();

  await fromMenu(page, "Settings");
  await page.getByRole("link", { name: "Journal" }).click();
  await page.getByText("saves the entry").click();
  const keys = page.getByRole("group", { name: "Single keys as shortcuts" });
  await keys.getByText("Off", { exact: true }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved, for every browser")).toBeVisible();
  await page.goto("/d/today");
  await page.keyboard.press("n");
  await expect(page.locator("#composer-text")).not.toBeFocused();
  await page.locator("#composer-text").fill("Saved by Enter");
  await page.keyboard.press("Enter");
  await expect(page.locator("article.entry")).toHaveCount(2);
});

begun("a theme that was chosen is there before any script, and passes axe whatever the system asks for", async ({ page, watched }) => {
  watched.expected.push(/ERR_FAILED/);
  await openToday(page);
  await page.goto("/settings/appearance");
  await page.getByText("Dark", { exact: true }).click();
  await page.getByText("Larger", { exact: true }).click();
  await page.getByRole("group", { name: "Contrast" }).getByText("More", { exact: true }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.locator("html")).toHaveAttribute("data-contrast", "more");
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await paper();
  await page.emulateMedia({ colorScheme: "light" });
  await page.route("**/main.js", (route) => route.abort());
  await page.goto("/d/today");
  expect(await paper()).toBe(dark);
  await page.unroute("**/main.js");
  await page.goto("/d/today");
  await expectAccessible(page, "a theme that was chosen");
});

// D05 (the page)
begun("midnight offers the new day and moves nobody", async ({ page }) => {
  await openToday(page);
  await page.clock.install();
  await page.goto("/d/today");
  const here = page.url();
  await page.locator("#composer-text").fill("Still awake");
  const offer = page.getByText("It is past midnight.");
  await expect(offer).toBeHidden();
  await page.clock.fastForward("24:00:01");
  await expect(offer).toBeVisible();
  expect(page.url()).toBe(here);
  await expect(page.locator("#composer-text")).toHaveValue("Still awake");
});

// D61
begun("on a phone and at twice the size everything has room and can be pressed", async ({ page }) => {
  await openToday(page);
  await write(page, "- [ ] a task\n\nAverylongwordwithoutanyspaceinitthatwouldnotfitontoanyphoneofthisworldatall");
  for (const viewport of [
    { width: 360, height: 740 },
    // 1280 pixels at 400 %, as WCAG 1.4.10 asks.
    { width: 320, height: 512 },
  ]) {
    await page.setViewportSize(viewport);
    for (const place of ["/d/today", "/calendar", "/calendar/2026", "/settings/appearance", "/settings/journal", "/welcome"]) {
      await page.goto(place);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, `${place} does not scroll sideways at ${viewport.width}`).toBeLessThanOrEqual(0);
      const small = await page
        .locator(".masthead a, .masthead button, .masthead summary, .icon-button, .segment, .calendar__day > a")
        .evaluateAll((all) =>
          all
            .filter((one) => one.checkVisibility())
            .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 80)])
            .filter(([box]) => box.height < 44 || box.width < (innerWidth < 360 ? 32 : 40))
            .map(([box, html]) => `${box.width}x${box.height} ${html}`),
        );
      expect(small, `${place} at ${viewport.width}`).toEqual([]);
    }
  }
});

test("pages look as they did when somebody last looked at them", async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 900 });
  const look = async (name) => {
    await page.evaluate(() => document.fonts.ready);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // What browsers draw differently in small, and hints that come and go, is let pass.
      await expect(page.locator("main")).toHaveScreenshot(`${name}-${colorScheme}.png`, { maxDiffPixelRatio: 0.03 });
    }
  };
  await page.goto("/register");
  await look("register");
  await register(page);
  await page.goto("/welcome");
  await look("welcome");
  await page.goto("/settings/appearance");
  await look("appearance");
  await page.goto("/d/2020-02-29");
  await look("day");
});

begun("nothing stands on a heading", async ({ page }) => {
  await openToday(page);
  await write(page, "Something to look back on.");
  for (const width of [1200, 360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const place of ["/d/2020-02-29/on-this-day", "/ask", "/search", "/traces", "/trash", "/welcome", "/shortcuts"]) {
      await page.goto(place);
      const over = () =>
        page.evaluate(() => {
          const heading = document.querySelector("h1");
          const next = heading.nextElementSibling ?? heading.parentElement.nextElementSibling;
          return next ? heading.getBoundingClientRect().bottom - next.getBoundingClientRect().top : 0;
        });
      await expect.poll(over, `${place} at ${width}`).toBeLessThanOrEqual(0);
    }
  }
});
