import { expectAccessible } from "../lib/axe.js";
import { expect, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

const hits = (page) => page.locator("#results .hit__link");
const box = (page) => page.locator("form.search input[name=q]");
const count = (page) => page.locator(".results__count");

// A journal with three entries about snow and one about boats.
async function journal(page) {
  await openToday(page);
  const ids = [];
  for (const [day, text] of [
    ["2024-03-05", "**Snow** on the bridge, and nobody in a hurry.\n\n- [ ] a shovel"],
    ["2024-05-31", "No snow for weeks."],
    ["2025-01-09", "Snow, and snow, and snow."],
    ["2025-02-01", "Two boats in the harbour."],
  ]) {
    await page.goto(`/d/${day}`);
    ids.push(await (await write(page, text)).getAttribute("data-entry-id"));
  }
  return ids;
}

test("typing finds, arrows move, Enter opens, going back shows the search again", async ({ page }) => {
  const [first] = await journal(page);
  await page.goto("/search");
  await expect(box(page)).toBeFocused();
  await page.keyboard.type("snow");
  await expect(hits(page)).toHaveCount(3);
  await expect(count(page)).toHaveText("3 entries, best first");
  await expect(page.locator("#announcer")).toHaveText("3 entries, best first");
  await expect(box(page)).toHaveValue("snow");
  await expect(page.locator("#results mark").first()).toHaveText(/snow/i);
  await expect(page.locator("#results")).not.toContainText("**");
  expect(page.url()).toMatch(/\/search\/\d+$/);

  await page.keyboard.press("ArrowDown");
  await expect(hits(page).first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(hits(page).nth(1)).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(box(page)).toBeFocused();
  await page.keyboard.type(" bridge");
  // Others may come behind it, by their meaning.
  await expect(page.locator("#results mark").nth(1)).toHaveText("bridge");
  await expect(hits(page).first()).toContainText("bridge");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await expect(box(page)).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/d/2024-03-05#entry-${first}$`));
  const entry = page.locator(`#entry-${first}`);
  await expect(entry).toBeInViewport();
  expect(await entry.evaluate((element) => element.matches(":target"))).toBe(true);

  await page.goBack();
  await expect(box(page)).toHaveValue("snow bridge");
  await expect(hits(page).first()).toContainText("bridge");
  expect(page.url()).not.toContain("snow");
  await expectAccessible(page, "results");
  // What was opened counts as a search; what was typed on the way to it does not.
  await page.goto("/search");
  await expect(page.locator(".recent__words")).toHaveText(["snow bridge"]);
});

test("of two answers the one to the newest question is shown", async ({ page }) => {
  await journal(page);
  await page.goto("/search");
  let release;
  const held = new Promise((done) => {
    release = done;
  });
  await page.route("**/search", async (route) => {
    if (/q=snow&/.test(route.request().postData() ?? "")) await held;
    await route.continue().catch(() => {});
  });
  await page.keyboard.type("snow");
  await page.waitForRequest((request) => /q=snow&/.test(request.postData() ?? ""));
  await box(page).fill("boats");
  await expect(hits(page).first()).toContainText("boats");
  release();
  await box(page).press("End");
  await expect(hits(page).first()).toContainText("boats");
  await expect(box(page)).toHaveValue("boats");
});

test("dates, voice and order narrow a search, and a bad date is said", async ({ page, watched }) => {
  watched.expected.push(/422/);
  await journal(page);
  await page.goto("/search");
  await box(page).fill("snow");
  await expect(hits(page)).toHaveCount(3);
  await page.locator(".narrow > summary").click();
  await page.getByLabel("To", { exact: true }).fill("2024");
  await page.getByLabel("To", { exact: true }).press("Tab");
  await expect(hits(page)).toHaveCount(2);
  await page.getByLabel("Order").selectOption("newest");
  await expect(count(page)).toHaveText("2 entries, newest first");
  await expect(page.locator(".results__date time").first()).toHaveText("31 May 2024");
  await page.getByLabel("Written by").selectOption("machine");
  await expect(count(page)).toHaveText("Nothing was found.");
  await page.getByLabel("Written by").selectOption("");
  await page.getByLabel("From").fill("soon");
  await page.getByLabel("From").press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "no date that can be read" })).toBeVisible();
  await expect(page.getByLabel("From")).toHaveValue("soon");
  await page.getByLabel("From").fill("April 2024");
  await page.getByLabel("From").press("Enter");
  await expect(count(page)).toHaveText("One entry");
});

test("traces narrow a search: by the keyboard, in the box, from a trace's page, and taken away again", async ({ page }) => {
  await journal(page);
  await page.goto("/d/2024-03-05");
  await trace(page, "bridges");
  await page.goto("/d/2024-05-31");
  await trace(page, "weather");
  await page.goto("/search");
  await box(page).fill("snow");
  await expect(hits(page)).toHaveCount(3);
  await page.locator(".narrow > summary").press("Enter");
  await page.getByLabel("Traces").fill("bridges");
  await page.getByLabel("Traces").press("Tab");
  await expect(count(page)).toHaveText("One entry");
  await expect(hits(page).first()).toContainText("bridge");
  await expectAccessible(page, "traces as a filter");
  const address = page.url();
  await box(page).fill("\"weeks\"");
  await expect(page.locator(".results__note").first()).toContainText("No entry of the trace");
  await page.goto(address);
  await expect(page.getByLabel("Traces")).toHaveValue("bridges");
  await page.getByLabel("Traces").fill("");
  await box(page).fill("snow #weather");
  await expect(count(page)).toHaveText("One entry");
  await expect(hits(page).first()).toContainText("weeks");

  await page.goto("/d/2024-03-05");
  await page.getByRole("button", { name: "bridges", exact: true }).click();
  await page.getByRole("link", { name: "All its entries" }).click();
  await page.getByRole("link", { name: "Search in it" }).click();
  await expect(page.getByLabel("Traces")).toHaveValue("bridges");
  await box(page).press("Enter");
  await expect(count(page)).toHaveText("One entry");
});

// Attaches a trace to the first entry of the day, as a form without scripts does.
async function trace(page, name) {
  const entry = await page.locator("[data-entry-id]").first().getAttribute("data-entry-id");
  const csrf = await page.locator("input[name=csrf]").first().getAttribute("value");
  const answer = await page.request.post(`/entries/${entry}/traces`, {
    form: { csrf, name },
    headers: { "Sec-Fetch-Site": "same-origin" },
  });
  expect(answer.ok()).toBe(true);
}

test("a slash leads to the box on every page, and is a slash while writing", async ({ page }) => {
  await journal(page);
  await page.goto("/d/today");
  const writing = page.locator("#composer textarea[name=text]");
  await writing.fill("either");
  await writing.press("/");
  await expect(writing).toHaveValue("either/");
  await writing.fill("");
  await writing.blur();
  await page.keyboard.press("/");
  const find = page.locator(".masthead input[name=q]");
  await expect(find).toBeFocused();
  await page.keyboard.type("harbour");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/search\/\d+$/);
  await expect(hits(page).first()).toContainText("harbour");
  await expect(box(page)).toHaveValue("harbour");
  await box(page).blur();
  await page.keyboard.press("/");
  await expect(box(page)).toBeFocused();
  await page.goBack();
  await expect(page).toHaveURL(/\/d\//);

  // On a phone the link stands for the box.
  await page.setViewportSize({ width: 360, height: 740 });
  await writing.blur();
  await page.keyboard.press("/");
  await expect(page).toHaveURL(/\/search$/);
});

test("recent searches are offered, forgotten and switched off", async ({ page }) => {
  await journal(page);
  for (const words of ["snow", "boats", "no such thing"]) {
    await page.goto("/search");
    await box(page).fill(words);
    await box(page).press("Enter");
    await expect(count(page)).toBeVisible();
  }
  await page.goto("/search");
  const recent = page.locator(".recent__words");
  await expect(recent).toHaveText(["no such thing", "boats", "snow"]);
  await page.getByRole("button", { name: "Forget: no such thing" }).click();
  await expect(recent).toHaveText(["boats", "snow"]);
  await expectAccessible(page, "recent searches");
  await recent.last().click();
  await expect(hits(page)).toHaveCount(3);
  await box(page).fill("");
  await expect(recent).toHaveText(["snow", "boats"]);
  await page.getByRole("button", { name: "Keep none from now on" }).click();
  await expect(page.getByRole("button", { name: "Keep what I look for, sealed" })).toBeVisible();
  await expect(recent).toHaveCount(0);
  await box(page).fill("snow");
  await box(page).press("Enter");
  await expect(hits(page)).toHaveCount(3);
  await page.goto("/settings/data#searches");
  await expect(page.locator("#searches")).toContainText("Searches are not kept.");
});

test.describe("many results", () => {
  test("come by fifteen and ten, beneath each other, and stay after going back", async ({ page }) => {
    await openToday(page);
    await many(page);
    await page.goto("/search");
    await box(page).fill("seal");
    await expect(hits(page)).toHaveCount(15);
    await page.getByRole("link", { name: "More" }).press("Enter");
    await expect(hits(page)).toHaveCount(25);
    await expect(hits(page).nth(15)).toBeFocused();
    await page.getByRole("link", { name: "More" }).click();
    await expect(hits(page)).toHaveCount(27);
    await expect(page.getByRole("link", { name: "More" })).toHaveCount(0);
    await hits(page).last().click();
    await expect(page).toHaveURL(/#entry-/);
    await page.goBack();
    await expect(hits(page)).toHaveCount(27);
  });

  test.describe("without scripts", () => {
    test.use({ javaScriptEnabled: false });

    test("stand on pages", async ({ page, watched }) => {
      watched.expected.push(/422/);
      await openToday(page);
      await many(page);
      await page.goto("/search");
      await box(page).fill("seal");
      await page.getByRole("button", { name: "Search" }).click();
      await expect(hits(page)).toHaveCount(15);
      await page.getByRole("link", { name: "More" }).click();
      await expect(hits(page)).toHaveCount(10);
      await expect(count(page)).toContainText("page 2");
      await hits(page).first().click();
      await expect(page).toHaveURL(/#entry-/);
      await page.goBack();
      await expect(hits(page)).toHaveCount(10);
      await page.getByRole("link", { name: "Back" }).click();
      await expect(hits(page)).toHaveCount(15);
      await page.locator(".narrow > summary").click();
      await page.getByLabel("From").fill("soon");
      await page.getByRole("button", { name: "Search" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "no date" })).toBeVisible();
      await expect(page.getByLabel("From")).toHaveValue("soon");
    });
  });
});

// 27 entries, sent as the form sends them.
async function many(page) {
  await page.goto("/d/2024-02-01");
  const csrf = await page.locator("form[action$='/entries'] input[name=csrf]").first().getAttribute("value");
  for (let n = 1; n <= 27; n += 1) {
    const day = `2024-02-${String(n).padStart(2, "0")}`;
    const answer = await page.request.post(`/d/${day}/entries`, {
      form: { csrf, text: `A seal in the harbour, number ${n}.`, op: "" },
      headers: { "Sec-Fetch-Site": "same-origin" },
    });
    expect(answer.ok()).toBe(true);
  }
}

test("pictures of the search page fit every width", async ({ page }) => {
  await journal(page);
  await page.goto("/search");
  await box(page).fill("snow");
  await expect(hits(page)).toHaveCount(3);
  await page.locator(".narrow > summary").click();
  for (const width of [360, 768, 1200]) {
    await page.setViewportSize({ width, height: 800 });
    for (const address of [page.url(), "/search", "/d/2024-03-05"]) {
      await page.goto(address);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, `${address} at ${width}`).toBeLessThanOrEqual(0);
    }
  }
});
