import { expectAccessible } from "../lib/axe.js";
import { expect, test } from "../lib/fixtures.js";
import { register, write } from "../lib/person.js";

// A browser of somebody who reads German.
test.use({ locale: "de-DE" });

const said = (iso, locale, options) =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }).format(new Date(`${iso}T12:00:00Z`));
const LONG = { day: "numeric", month: "long", year: "numeric" };
const FULL = { weekday: "long", ...LONG };

// D62 (language of dates)
test("dates are said as the browser says them, until another language is chosen", async ({ page }) => {
  await register(page);
  const today = new URL(page.url()).pathname.split("/").pop();
  const heading = page.locator(".day-head__date time");
  await expect(heading).toHaveText(said(today, "de", LONG));
  await expect(heading).toHaveAttribute("lang", "de");
  await expect(page.locator(".day-head__weekday [lang=de]")).toHaveText(said(today, "de", { weekday: "long" }));
  await write(page, "Schnee auf der Brücke.");
  await expectAccessible(page, "a day whose date is German");

  await page.locator("[data-calendar]").click();
  const dialog = page.getByRole("dialog", { name: "Calendar" });
  await expect(dialog.locator("[aria-current=date]")).toHaveAttribute("aria-label", `${said(today, "de", FULL)}, 1 entry`);
  await expect(dialog.locator("th .visually-hidden").first()).toHaveText("Montag");
  await page.keyboard.press("Escape");

  await page.goto("/settings/journal");
  const choice = page.getByLabel("Language of dates");
  await expect(choice).toHaveValue("de");
  await expect(choice.locator("option:checked")).toHaveText(`Deutsch: ${said(today, "de", FULL)}`);
  await expectAccessible(page, "the settings of the journal");
  await choice.selectOption("fr");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(`Today is shown as ${said(today, "fr", FULL)}.`)).toBeVisible();
  for (const [address, locator] of [
    ["/d/today", page.locator(".day-head__date time")],
    ["/trash", null],
    [`/review/${today.slice(0, 7)}`, page.locator("h1")],
  ]) {
    await page.goto(address);
    if (locator) await expect(locator).toHaveAttribute("lang", "fr");
  }
  await page.goto(`/calendar/${today.slice(0, 4)}`);
  await expect(page.locator(".year__name").first()).toHaveText("janvier");
  await expectAccessible(page, "a year whose months are French");

  // The longest names fit on the smallest phone.
  await page.setViewportSize({ width: 360, height: 700 });
  for (const tag of ["el", "pt", "hu", "ja"]) {
    await page.goto("/settings/journal");
    await choice.selectOption(tag);
    await page.getByRole("button", { name: "Save" }).click();
    for (const address of ["/settings/journal", "/d/today", "/calendar/2026/9", "/calendar/2026"]) {
      await page.goto(address);
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      await expect.poll(overflow, `${tag} ${address}`).toBeLessThanOrEqual(0);
    }
  }
});
