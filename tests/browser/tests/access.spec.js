import { expectAccessible } from "../lib/axe.js";
import { NAME, PASSWORD, expect, test } from "../lib/fixtures.js";
import { ask, register, write } from "../lib/person.js";

// Light, dark, and a high contrast that the system asks for.
const LOOKS = [{ colorScheme: "light" }, { colorScheme: "dark" }, { colorScheme: "light", contrast: "more" }];

for (const look of LOOKS) {
  test.describe(Object.values(look).join(" "), () => {
    test.use({ contextOptions: look, bypassCSP: false });

    test("every page passes axe", async ({ page, watched }) => {
      watched.expected.push(/401|404/);
      await page.goto("/register");
      await expectAccessible(page, "register");
      await register(page);
      await expectAccessible(page, "an empty day");
      const entry = await write(page, "# Heading\n\nText with `code`, a [link](/d/today), and\n\n> a quotation\n\n- [x] done");
      const reply = await ask(page, entry);
      await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 120_000 });
      await expectAccessible(page, "a day with an entry and a reply");
      const id = await entry.getAttribute("data-entry-id");
      for (const place of [`/entries/${id}`, `/entries/${id}/edit`, `/entries/${id}/versions`, "/search"]) {
        await page.goto(place);
        await expectAccessible(page, place);
      }
      await page.locator("input[name=q]").fill("quotation");
      await page.locator("input[name=q]").press("Enter");
      await expect(page.locator("#results [data-entry-id]").first()).toBeVisible();
      await expectAccessible(page, "results");
      for (const place of [
        "/settings/appearance",
        "/settings/journal",
        "/settings/data",
        "/settings/model",
        "/settings/security",
        "/settings/keys",
        "/trash",
        "/calendar",
        "/calendar/2026",
        "/welcome",
        "/shortcuts",
        "/d/2020-02-29",
        "/d/2020-02-30",
      ]) {
        await page.goto(place);
        await expectAccessible(page, place);
      }
      await page.goto("/d/today");
      await page.getByRole("button", { name: "Lock" }).click();
      await expect(page).toHaveURL(/\/login/);
      for (const place of ["/login", "/recover"]) {
        await page.goto(place);
        await expectAccessible(page, place);
      }
    });
  });
}

test("everything can be done by keyboard alone", async ({ page }) => {
  await page.goto("/register");
  // Tab until the wanted thing has the focus, as a person would.
  const tabTo = async (wanted) => {
    for (let n = 0; n < 40; n += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`${wanted} cannot be reached with Tab`);
  };
  await tabTo(page.locator("input[name=username]"));
  await page.keyboard.type(NAME);
  await tabTo(page.locator("input[name=password]"));
  await page.keyboard.type(PASSWORD);
  await tabTo(page.locator("input[name=password_confirm]"));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("link", { name: "I have kept it" }));
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("link", { name: "Skip it" }));
  await page.keyboard.press("Enter");

  const box = page.locator("#composer textarea[name=text]");
  await tabTo(box);
  await page.keyboard.type("First line");
  await page.keyboard.press("Enter");
  await page.keyboard.type("second line");
  await page.keyboard.press("Control+Enter");
  const entry = page.locator("article.entry");
  await expect(entry).toContainText("second line");
  await expect(box).toBeFocused();

  await tabTo(entry.getByRole("link", { name: "Edit" }));
  await page.keyboard.press("Enter");
  await expect(entry.locator("textarea")).toBeFocused();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(", and a third");
  await page.keyboard.press("Control+Enter");
  await expect(entry).toContainText("and a third");

  await tabTo(entry.getByRole("button", { name: "Move to the trash" }));
  await page.keyboard.press("Enter");
  await tabTo(entry.getByRole("button", { name: "Undo" }));
  await page.keyboard.press("Enter");
  await expect(entry).toContainText("and a third");
});
