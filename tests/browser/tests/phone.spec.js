import { begun, expect } from "../lib/fixtures.js";
import { lived } from "../lib/lived.js";
import { openToday, write } from "../lib/person.js";
import { pages } from "../lib/routes.js";
import { withUpstream } from "../lib/upstream.js";

const TOUCH = 44;
// Somebody with thumbs, on the smallest phone that is still sold.
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
begun.use(PHONE);
withUpstream.use(PHONE);

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
  "a.chip, .chip__about > p > a, .chip__latest a",
  "[role=option]",
  "[data-refuse]",
].join(",");
// Of those who are not signed in.
const OUTSIDE = ["/register", "/login", "/recover"];

// Nothing on the page that is open is too small for a thumb, nor wider than the screen.
async function expectRoom(page, what) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(wider, `${what} does not scroll sideways`).toBeLessThanOrEqual(0);
  const small = await page.locator(PRESSED).evaluateAll((all, least) => {
    const half = least / 2 - 1;
    // What is drawn small may still be pressed from further away; what was opened over it is not its matter.
    const isPressed = (one, x, y) => {
      const hit = document.elementFromPoint(x, y);
      const over = hit?.closest("[popover]");
      return one.contains(hit?.closest("[data-refuse], button, a, summary, label, [role=option]")) || (over && !over.contains(one));
    };
    const reaches = (one) => {
      one.scrollIntoView({ block: "center" });
      const { x, y, width, height } = one.getBoundingClientRect();
      const [left, top] = [Math.max(x + width / 2, half), y + height / 2];
      return [-half, half].every((far) => isPressed(one, left + far, top) && isPressed(one, left, top + far));
    };
    const modal = document.querySelector("dialog:modal");
    return all
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && (!modal || modal.contains(one)))
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([, box]) => box.width > 1 && (box.height < least - 0.5 || box.width < least - 0.5))
      .filter(([one]) => !reaches(one))
      .map(([one, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 90)}`);
  }, TOUCH);
  expect.soft(small, what).toEqual([]);
}

// D61 (coarse pointers: every page, and what opens on a day)
withUpstream("everything on a phone is large enough for a thumb, and nothing is wider than the screen", async ({ page, upstream, watched }) => {
  begun.setTimeout(300_000);
  watched.expected.push(/status of 40[34]/);
  const places = await lived(page, upstream, watched, { look: (what) => expectRoom(page, what) });
  expect(await page.evaluate(() => matchMedia("(pointer: coarse)").matches)).toBe(true);
  await openToday(page);
  await write(page, "- [ ] a task\n\nAverylongwordwithoutanyspaceinitthatwouldnotfitontoanyphoneofthisworldatall");
  for (const pattern of pages("signed").filter((pattern) => !["/older", "/settings/data/import"].includes(pattern))) {
    const all = places[pattern] ?? [pattern];
    expect(all.join(), "how to get to a page with parameters stands in `lived`").not.toContain(":");
    for (const place of all) {
      await page.goto(place);
      await expect(page.locator("main")).toBeVisible();
      await expectRoom(page, place);
    }
  }

  // What opens on a day.
  await openToday(page);
  const entry = page.locator("article.entry").first();
  const reply = entry.locator("[data-reply-id]");
  const opened = async (what, open, seen) => {
    await open.tap();
    await expect(seen, what).toBeVisible();
    await expectRoom(page, what);
  };
  await opened("the menu", page.locator("summary[aria-label=Menu]"), page.getByRole("navigation", { name: "More" }));
  await page.getByRole("navigation", { name: "More" }).getByText("Shortcuts").tap();
  await expect(page.getByRole("dialog", { name: "Shortcuts" })).toBeVisible();
  await expectRoom(page, "the shortcuts");
  await page.getByRole("button", { name: "Close" }).tap();
  await opened("the calendar", page.locator("[data-calendar]"), page.getByRole("dialog", { name: "Calendar" }));
  await page.getByRole("button", { name: "Close" }).tap();
  await opened("help on marks", page.locator(".composer__help summary"), page.locator(".composer__marks"));
  await page.locator(".composer__help summary").tap();
  await opened("a trace", entry.locator(".chip__name").first(), page.locator(".chip__about:popover-open"));
  await page.keyboard.press("Escape");
  await opened("another trace", entry.locator("trace-field summary").first(), entry.locator("trace-field input[name=name]").first());
  await entry.locator("trace-field input[name=name]").first().fill("tr");
  await expectRoom(page, "names that are offered");
  await page.reload();
  await opened("another reply", reply.getByText("Another reply"), reply.getByLabel("What you wish of it"));
  await opened("how a reply was made", reply.getByText("How it was made"), reply.locator("details[open] .ask__body p").first());
  await opened("an edit", entry.getByRole("link", { name: "Go on editing" }), entry.locator("textarea"));

  await page.getByRole("button", { name: "Lock" }).click();
  await expect(page).toHaveURL(/\/login/);
  for (const place of OUTSIDE) {
    await page.goto(place);
    await expectRoom(page, place);
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
