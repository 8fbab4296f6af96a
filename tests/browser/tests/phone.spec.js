import { begun, expect } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";
import { pages } from "../lib/routes.js";

const TOUCH = 44;
// Somebody with thumbs, on the smallest phone that is still sold.
begun.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

// What is pressed, except links that stand within a sentence.
const PRESSED = [
  "button",
  "summary",
  "select",
  "textarea",
  "input:not([type=hidden], [type=radio], [type=checkbox], .visually-hidden)",
  "label:has([type=radio], [type=checkbox])",
  "nav a",
  ".calendar__day > a",
  "a.button",
  "a.tool",
  "a.icon-button",
  "a.chip, .chip a",
].join(",");

// Pages whose address says it all.
const PLAIN = pages("signed").filter((pattern) => !pattern.includes(":") && pattern !== "/older");

// D61 (coarse pointers)
begun("everything on a phone is large enough for a thumb, and nothing is wider than the screen", async ({ page }) => {
  await openToday(page);
  expect(await page.evaluate(() => matchMedia("(pointer: coarse)").matches)).toBe(true);
  const entry = await write(page, "- [ ] a task\n\nAverylongwordwithoutanyspaceinitthatwouldnotfitontoanyphoneofthisworldatall");
  const id = await entry.getAttribute("data-entry-id");
  for (const place of [...PLAIN, `/entries/${id}`, `/entries/${id}/edit`, `/entries/${id}/versions`]) {
    await page.goto(place);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wider, `${place} does not scroll sideways`).toBeLessThanOrEqual(0);
    const small = await page.locator(PRESSED).evaluateAll((all, least) => {
      const half = least / 2 - 1;
      // What is drawn small may still be pressed from further away.
      const isPressed = (one, x, y) => one.contains(document.elementFromPoint(x, y)?.closest("button, a, summary, label"));
      const reaches = (one) => {
        one.scrollIntoView({ block: "center" });
        const { x, y, width, height } = one.getBoundingClientRect();
        const [left, top] = [Math.max(x + width / 2, half), y + height / 2];
        return [-half, half].every((far) => isPressed(one, left + far, top) && isPressed(one, left, top + far));
      };
      return all
        .filter((one) => one.checkVisibility({ visibilityProperty: true }))
        .map((one) => [one, one.getBoundingClientRect()])
        .filter(([, box]) => box.width > 1 && (box.height < least - 0.5 || box.width < least - 0.5))
        .filter(([one]) => !reaches(one))
        .map(([one, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 90)}`);
    }, TOUCH);
    expect.soft(small, place).toEqual([]);
  }
});

begun("a person writes, edits, ticks, finds and leafs on a phone", async ({ page }) => {
  await openToday(page);
  await page.locator("#composer-text").tap();
  await page.keyboard.type("- [ ] plums from Anneke");
  await page.locator("#composer-save").tap();
  const entry = page.locator("article.entry");
  await expect(entry).toHaveCount(1);
  await entry.getByRole("checkbox").tap();
  await expect(entry.getByRole("checkbox")).toBeChecked();

  // What a pointer would show on hover is there without one.
  await entry.getByRole("link", { name: "Edit", exact: true }).tap();
  await entry.locator("textarea").fill("Plums from Anneke, a whole basket.");
  await entry.getByRole("button", { name: "Save" }).tap();
  await expect(entry).toContainText("a whole basket");

  await page.locator("[data-calendar]").tap();
  const dialog = page.getByRole("dialog", { name: "Calendar" });
  await expect(dialog).toBeVisible();
  await dialog.locator("[aria-current=date]").tap();
  await expect(page.locator("article.entry")).toHaveCount(1);
  await page.getByRole("link", { name: "Day before" }).tap();
  await expect(page.getByText("Nothing was written on this day.")).toBeVisible();

  await page.goto("/search");
  await page.locator("main input[name=q]").fill("basket");
  await expect(page.locator("#results .hit__link")).toHaveCount(1);
  await page.locator("#results .hit__link").tap();
  await expect(page).toHaveURL(/#entry-/);
  await expect(page.locator("article.entry")).toBeInViewport();
});
