import { begun, expect } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

const isWithin = (dialog) => dialog.evaluate((element) => element.contains(document.activeElement));

// D60 (dialogs hold the focus and give it back)
begun("a dialog holds the focus, closes with Escape, and gives it back", async ({ page }) => {
  await openToday(page);
  for (const [name, open, first] of [
    ["Calendar", page.locator("[data-calendar]"), "[aria-current=date]"],
    ["Shortcuts", page.locator("#composer-text"), undefined],
  ]) {
    await open.focus();
    if (name === "Calendar") await page.keyboard.press("Enter");
    else {
      await page.locator("body").evaluate(() => document.activeElement.blur());
      await page.keyboard.press("?");
    }
    const dialog = page.getByRole("dialog", { name });
    await expect(dialog).toBeVisible();
    if (first) await expect(dialog.locator(first)).toBeFocused();
    for (const key of ["Tab", "Shift+Tab"]) {
      let outside = 0;
      for (let n = 0; n < 60; n += 1) {
        await page.keyboard.press(key);
        // The browser's own controls come once in each round; the page behind never.
        const inPage = await page.evaluate(() => document.activeElement !== document.body);
        if (inPage && !(await isWithin(dialog))) outside += 1;
      }
      expect(outside, `${key} never reaches the page behind ${name}`).toBe(0);
    }
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    if (name === "Calendar") await expect(open).toBeFocused();
  }
});

// D60 (what cannot be undone is never what Enter does first)
begun("what is grave is asked first, and the focus stands where nothing is lost", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "Still needed.");
  await entry.getByRole("button", { name: "Move to the trash" }).click();
  await page.goto("/trash");
  for (const place of ["/trash", "/settings/security", "/settings/security/delete", "/settings/keys", "/settings/data"]) {
    await page.goto(place);
    const focused = await page.evaluate(() => document.activeElement?.className ?? "");
    expect(focused, place).not.toContain("grave");
  }
  await page.goto("/trash");
  await page.locator("summary", { hasText: "Remove for ever" }).focus();
  await page.keyboard.press("Enter");
  // Enter once more closes the question again.
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Yes, remove it for ever" })).toBeHidden();
  await expect(page.locator(".trash__item")).toHaveCount(1);
});

begun("a visible ring follows the focus through every control of a day", async ({ page }) => {
  await openToday(page);
  await write(page, "Something to walk through.");
  await page.goto("/d/today");
  const blind = [];
  let steps = 0;
  for (; steps < 60; steps += 1) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return undefined;
      const { outlineStyle, outlineWidth, boxShadow, borderBottomColor } = getComputedStyle(element);
      const has = (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
      const box = element.getBoundingClientRect();
      const isText = element.matches("textarea, input");
      return { has: has || isText, isThere: box.width > 1 && box.height > 1, html: element.outerHTML.slice(0, 80), borderBottomColor };
    });
    if (!seen) break;
    if (!seen.has || !seen.isThere) blind.push(seen.html);
  }
  expect(steps).toBeGreaterThan(12);
  expect(blind).toEqual([]);
});
