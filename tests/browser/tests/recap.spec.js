import { expect, begun as test } from "../lib/fixtures.js";
import { bringIn, openToday, write } from "../lib/person.js";

const LONG =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. " +
  "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. " +
  "I must call the bank about the letter. The radio told of snow in the mountains, and nobody believed it.";

test("a past day ends with a few of its own sentences, which can be removed", async ({ page }) => {
  await openToday(page);
  const day = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  await page.goto(`/d/${day}`);
  await write(page, LONG);
  await expect(page.locator("[data-recap]")).toHaveCount(0);
  // It comes by itself once it is made.
  await page.reload();
  const recap = page.locator("[data-recap=own]");
  await expect(recap).toBeVisible({ timeout: 20_000 });
  await expect(recap).toContainText("garden");
  await expect(recap).toContainText("In your own words");
  await recap.getByRole("button", { name: "Remove" }).click();
  await expect(page.locator("article.entry")).toContainText("The bus came late");
  await expect(page.locator("[data-recap]")).toHaveCount(0);
  await page.reload();
  await expect(page.locator("[data-recap]")).toHaveCount(0);
});

test("the calendar says the recap of the day that is rested on", async ({ page }) => {
  await openToday(page);
  // The third of the last month, and the fourth, which is too short for a recap.
  const past = new Date();
  past.setUTCDate(1);
  past.setUTCMonth(past.getUTCMonth() - 1, 3);
  const month = past.toISOString().slice(0, 7);
  await page.goto(`/d/${month}-04`);
  await write(page, "A short day with rain.");
  await page.goto(`/d/${month}-03`);
  await write(page, LONG);
  const line = page.locator("[data-recap-line]");

  await page.locator("[data-calendar]").first().click();
  const day = page.locator(`.calendar__day a[href="/d/${month}-03"]`);
  await expect(day).toBeFocused();
  await expect(line).toContainText("garden", { timeout: 20_000 });
  await page.keyboard.press("ArrowRight");
  await expect(line).toHaveText("");
  await day.hover();
  await expect(line).toContainText("garden");
});

// Issue 7, line 4 of what must be seen: nothing is asked for while the pointer goes across, and one thing at a time where
// it rests. The time of the page stands still but where it is told to go on, so that it does not matter how fast this runs.
test("a pointer that goes across a month asks for one recap at a time", async ({ page }) => {
  await page.addInitScript(() => {
    window.hovered = { asked: [], open: 0, most: 0 };
    const send = window.fetch;
    window.fetch = (resource, options) => {
      const address = String(resource?.url ?? resource);
      if (!address.includes("/recap/line")) return send(resource, options);
      const { hovered } = window;
      hovered.asked.push(new URL(address, location).pathname);
      hovered.open += 1;
      hovered.most = Math.max(hovered.most, hovered.open);
      let isOpen = true;
      const end = () => {
        if (isOpen) hovered.open -= 1;
        isOpen = false;
      };
      options?.signal?.addEventListener("abort", end);
      return send(resource, options).finally(end);
    };
  });
  await page.clock.install();
  await openToday(page);
  const past = new Date();
  past.setUTCDate(1);
  past.setUTCMonth(past.getUTCMonth() - 1, 3);
  const month = past.toISOString().slice(0, 7);
  // As many days as every month has.
  const days = Array.from({ length: 28 }, (_, n) => `${month}-${String(n + 1).padStart(2, "0")}`);
  await bringIn(
    page,
    days.map((day) => ({ day, text: LONG })),
  );
  await page.goto(`/calendar/${month.replace("-", "/")}`);
  const middles = [];
  for (const day of days) {
    const { x, y, width, height } = await page.locator(`[role=gridcell] a[href="/d/${day}"]`).boundingBox();
    middles.push([x + width / 2, y + height / 2]);
  }
  const asked = () => page.evaluate(() => window.hovered.asked);

  await page.clock.pauseAt(new Date(Date.now() + 60_000));
  for (const [x, y] of middles) await page.mouse.move(x, y);
  expect(await asked(), "nothing while it goes").toEqual([]);
  await page.clock.runFor(500);
  await expect.poll(asked, "the last one, where it rests").toEqual([`/d/${days.at(-1)}/recap/line`]);

  for (const [x, y] of middles) {
    await page.mouse.move(x, y);
    await page.clock.runFor(500);
  }
  // Each of them, and the last one once more.
  await expect.poll(async () => (await asked()).length).toBe(days.length + 1);
  expect(await page.evaluate(() => window.hovered.most), "the one before is given up").toBe(1);
  await expect(async () => {
    for (const [x, y] of [middles[3], middles[2]]) {
      await page.mouse.move(x, y);
      await page.clock.runFor(500);
    }
    await expect(page.locator("[data-recap-line]")).toContainText("garden", { timeout: 5_000 });
  }).toPass({ timeout: 40_000 });
});
