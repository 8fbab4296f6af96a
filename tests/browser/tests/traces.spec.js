import { expectAccessible } from "../lib/axe.js";
import { expect, expectNothingStored, begun as test } from "../lib/fixtures.js";
import { fromMenu, openToday, write } from "../lib/person.js";

const chips = (entry) => entry.locator(".chip__name");

// Opens the field beneath an entry by keyboard alone.
async function openField(page, entry) {
  await entry.locator("summary", { hasText: "Add a trace" }).focus();
  await page.keyboard.press("Enter");
  await expect(entry.locator("input[name=name]")).toBeFocused();
}

test("a person ties entries together by keyboard, and changes their mind", async ({ page, watched }) => {
  await openToday(page);
  const lake = await write(page, "We swam in the cold lake.");
  await openField(page, lake);
  for (const name of ["Lake", "late summer", ":tada:"]) {
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
    await expect(lake.locator(".chip__name").last()).toHaveText(name === ":tada:" ? "🎉" : name.replace(" ", "-"));
    await expect(lake.locator("input[name=name]"), "open for another one").toBeFocused();
  }
  await page.keyboard.press("Escape");
  await expect(lake.locator("details[open]")).toHaveCount(0);

  // Known names stand beneath the field, and nothing is written into it.
  const other = await write(page, "The lake was frozen.");
  await openField(page, other);
  const field = other.locator("input[name=name]");
  await page.keyboard.type("la");
  const options = other.getByRole("option");
  await expect(options).toHaveText(["Lake", "late-summer"]);
  await expect(field).toHaveValue("la");
  await expect(field).toHaveAttribute("aria-expanded", "true");
  await expectAccessible(page, "names are offered");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(options.nth(1)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowUp");
  await expect(options.nth(0)).toHaveAttribute("aria-selected", "true");
  await expect(field).toHaveValue("la");
  await page.keyboard.press("Enter");
  await expect(chips(other)).toHaveText(["Lake"]);

  // The server's own rule, while one types and when one sends.
  watched.expected.push(/422/);
  await page.keyboard.type("x".repeat(65));
  await expect(other.locator("[data-offer]")).toContainText("65 characters");
  await page.keyboard.press("Enter");
  await expect(other.getByRole("alert")).toContainText("65 characters");
  await expect(other.locator("input[name=name]")).toHaveValue("x".repeat(65));
  await page.keyboard.type("x");
  await expect(other.locator(".form__error"), "said once, and of what stands there now").toHaveText(/^This is no trace: it has 66 characters/);
  await page.keyboard.press("Backspace");
  await expect(other.locator(".form__error")).toHaveText(/it has 65 characters/);
  await page.keyboard.press("Escape");

  await other.getByRole("button", { name: "Take away the trace Lake" }).click();
  await expect(chips(other)).toHaveCount(0);
  await other.getByRole("button", { name: "Undo" }).click();
  await expect(chips(other)).toHaveText(["Lake"]);

  // What is known of a trace, without leaving the day.
  await chips(other).press("Enter");
  const about = other.locator(".chip__about:popover-open");
  await expect(about).toContainText("2 entries on");
  await page.keyboard.press("Tab");
  await expect(about.getByRole("link", { name: "All its entries" })).toBeFocused();
  await expectAccessible(page, "about a trace");
  await page.keyboard.press("Escape");
  await expect(about).toHaveCount(0);
  await expect(chips(other)).toBeFocused();

  await fromMenu(page, "Traces");
  await expect(page.locator(".trace-list__all > li")).toHaveCount(3);
  await expectAccessible(page, "the list");
  await page.locator("#trace-filter").fill("lat");
  await expect(page.locator(".trace-list__all > li")).toHaveCount(1);
  await expect(page).toHaveURL(/\/traces$/);
  await page.locator("#trace-filter").fill("");
  await page.locator("#trace-sort").selectOption("count");
  await expect(page.locator(".trace-list__all > li").first()).toContainText("Lake");

  await page.getByRole("link", { name: "Lake", exact: true }).click();
  await expect(page.locator("h1")).toHaveText("Lake");
  await expect(page.locator(".trace-head__facts")).toContainText("2 entries");
  await expect(page.locator(".trace-head__related")).toContainText("late-summer");
  await expect(page.locator("article.entry")).toHaveCount(2);
  await expectAccessible(page, "a trace");

  await page.locator("summary", { hasText: "Rename" }).click();
  await page.locator("#new-name").fill("Lac");
  await page.getByRole("button", { name: "Rename" }).click();
  await expect(page.locator("h1")).toHaveText("Lac");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator("h1")).toHaveText("Lake");

  await page.locator("summary", { hasText: "Merge" }).click();
  await page.locator("#merge-into").fill("late summer");
  await page.getByRole("button", { name: "Merge" }).click();
  await expect(page.locator("h1")).toHaveText("late-summer");
  await expect(page.locator("article.entry")).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator("h1")).toHaveText("Lake");

  await page.locator("summary", { hasText: "Delete" }).click();
  await page.getByRole("button", { name: "Delete this trace" }).click();
  await expect(page.locator(".trace-list__all > li")).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator("article.entry")).toHaveCount(2);
  await expectNothingStored(page);
});

const list = (page) => page.locator(".trace-list__all > li");

// Adds names to an entry, with or without scripts.
async function addAll(page, names) {
  const entry = page.locator("article.entry").first();
  for (const name of names) {
    const field = entry.locator("input[name=name]");
    if (!(await field.isVisible())) await entry.locator("summary", { hasText: "Add a trace" }).click();
    await field.fill(name);
    await entry.getByRole("button", { name: "Add", exact: true }).click();
    await expect(chips(entry).last()).toHaveText(name);
  }
}

// On the list: two names become one and two again, two others stay, and one is put first.
async function tidyUp(page) {
  await expect(page.locator(".trace-alike__pairs > li")).toHaveCount(2);
  await page.getByRole("button", { name: "Merge Lakes into lake" }).click();
  await expect(list(page)).toHaveCount(3);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator("h1")).toHaveText("Lakes");
  await page.getByRole("link", { name: "All traces" }).click();
  await page.getByRole("button", { name: /^Keep both .*café/ }).click();
  await expect(page.locator(".trace-alike__pairs > li")).toHaveCount(1);
  await list(page).getByRole("link", { name: "Lakes" }).click();
  await page.getByRole("button", { name: "Pin" }).click();
  await page.getByRole("link", { name: "All traces" }).click();
  await expect(list(page).first()).toContainText("Lakes");
}

test("names that look alike are merged or kept, and one is pinned", async ({ page }) => {
  await openToday(page);
  await write(page, "By the lake.");
  await addAll(page, ["lake", "Lakes", "cafe", "café"]);
  await fromMenu(page, "Traces");
  await expectAccessible(page, "names that look alike");
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await tidyUp(page);
});

test("on a phone nothing is wider than the page", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await openToday(page);
  const entry = await write(page, "We swam in the cold lake.");
  for (const name of ["lake", "w".repeat(64), "日記", "🎉", "شعر"]) {
    const field = entry.locator("input[name=name]");
    if (!(await field.isVisible())) await entry.locator("summary", { hasText: "Add a trace" }).click();
    await field.fill(name);
    await entry.getByRole("button", { name: "Add", exact: true }).click();
    await expect(chips(entry).last()).toHaveText(name);
  }
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  expect(await width()).toBeLessThanOrEqual(360);
  await chips(entry).filter({ hasText: "www" }).click();
  await expect(entry.locator(".chip__about:popover-open")).toContainText("One entry on");
  expect(await width()).toBeLessThanOrEqual(360);
  await entry.getByRole("link", { name: "All its entries" }).click();
  await expect(page.locator("h1")).toHaveText("w".repeat(64));
  expect(await width()).toBeLessThanOrEqual(360);
  await page.getByRole("link", { name: "All traces" }).click();
  expect(await width()).toBeLessThanOrEqual(360);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("traces are added, taken away, found and changed by forms", async ({ page }) => {
    await openToday(page);
    await page.locator("#composer textarea[name=text]").fill("Written without scripts.");
    await page.locator("#composer-save").click();
    const entry = page.locator("article.entry");
    const add = async (name) => {
      await entry.locator("summary", { hasText: "Add a trace" }).click();
      await entry.locator("input[name=name]").fill(name);
      await entry.getByRole("button", { name: "Add", exact: true }).click();
    };
    await add("lake");
    await add("sea");
    await expect(chips(entry)).toHaveText(["lake", "sea"]);
    await entry.getByRole("button", { name: "Take away the trace sea" }).click();
    await expect(chips(entry)).toHaveText(["lake"]);
    await addAll(page, ["Lakes", "cafe", "café"]);
    await fromMenu(page, "Traces");
    await tidyUp(page);
    await page.locator("#trace-filter").fill("LA");
    await page.getByRole("button", { name: "Show" }).click();
    await list(page).getByRole("link", { name: "lake", exact: true }).click();
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("button", { name: "Delete this trace" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(page.locator("h1")).toHaveText("lake");
  });
});
