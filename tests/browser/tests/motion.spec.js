import { begun, expect } from "../lib/fixtures.js";
import { fromMenu, openToday, write } from "../lib/person.js";

// Notes in each page what moved in it: animations and transitions that began, and pages that faded into each other.
async function watchMotion(page) {
  const moved = [];
  await page.exposeFunction("noteMotion", (what) => moved.push(what));
  await page.addInitScript(() => {
    const note = (event) => {
      // An animation of no length is none, although it begins.
      const style = getComputedStyle(event.target, event.pseudoElement || undefined);
      if (event.type === "animationstart" && style.animationDuration === "0s") return;
      window.noteMotion(`${event.type} ${event.animationName ?? event.propertyName}`);
    };
    for (const kind of ["animationstart", "transitionrun"]) document.addEventListener(kind, note, true);
    addEventListener("pagereveal", (event) => event.viewTransition && window.noteMotion("view transition"));
  });
  return moved;
}

// A walk past everything that can move.
async function walk(page) {
  await openToday(page);
  const entry = await write(page, "We swam in the cold lake.");
  await entry.hover();
  await page.locator("[data-calendar]").click();
  await expect(page.getByRole("dialog", { name: "Calendar" })).toBeVisible();
  await page.keyboard.press("Escape");
  await entry.locator(".entry__time a").click();
  await expect(page).toHaveURL(/#entry-/);
  await fromMenu(page, "Traces");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Traces");
  await page.goBack();
  await expect(entry).toBeVisible();
}

begun.describe("somebody who likes it soft", () => {
  begun.use({ contextOptions: { reducedMotion: "no-preference" } });

  begun("pages fade into each other, and what comes comes softly", async ({ page }) => {
    const moved = await watchMotion(page);
    await walk(page);
    await expect.poll(() => moved).toContain("view transition");
    expect(moved.filter((what) => /^(animation|transition)/.test(what)).length).toBeGreaterThan(0);
  });
});

begun("a system that asks for less motion gets none", async ({ page }) => {
  const moved = await watchMotion(page);
  await walk(page);
  expect(moved).toEqual([]);
});

begun.describe("somebody who chose none", () => {
  begun.use({ contextOptions: { reducedMotion: "no-preference" } });

  begun("a person who chose no motion gets none", async ({ page }) => {
    await page.goto("/settings/appearance");
    await page.getByRole("group", { name: "Motion" }).getByText("None", { exact: true }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.locator("html")).toHaveAttribute("data-motion", "calm");
    const moved = await watchMotion(page);
    await walk(page);
    // The browser begins to fade between two pages whatever a style sheet says; without a single frame of it.
    expect(moved.filter((what) => what !== "view transition")).toEqual([]);
    await page.goto("/d/today");
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});
