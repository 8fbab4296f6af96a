import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expectAccessible } from "../lib/axe.js";
import { expectContrast } from "../lib/contrast.js";
import { NAME, PASSWORD, expect, test } from "../lib/fixtures.js";
import { lived } from "../lib/lived.js";
import { pages } from "../lib/routes.js";
import { withUpstream } from "../lib/upstream.js";

// Pages that need a story of their own, and where it is told.
const ELSEWHERE = {
  "/older": "older",
  "/settings/data/import": "transfer",
  "/dev/components": "access",
};
// Of those who are not signed in.
const OUTSIDE = ["/register", "/login", "/recover"];

// axe cannot judge every text, and does not look at what is only there at times.
async function see(page, what) {
  await expectAccessible(page, what);
  await expectContrast(page, what);
}

// D61 (contrast)
withUpstream("every page in every theme passes axe", async ({ page, upstream, watched }) => {
  // More than forty pages, five times each.
  test.setTimeout(600_000);
  // Days that do not exist or have not come, and the page that asks for the password.
  watched.expected.push(/status of 40[34]/);
  const places = await lived(page, upstream, watched, { look: (what) => see(page, what) });
  const seen = new Set();
  const visit = async (place) => {
    await page.goto(place);
    // Some addresses lead to a part of a page that was seen.
    const { pathname } = new URL(page.url());
    if (seen.has(pathname)) return;
    seen.add(pathname);
    await see(page, place);
  };
  for (const pattern of pages().filter((pattern) => !OUTSIDE.includes(pattern))) {
    if (pattern in ELSEWHERE) {
      const spec = readFileSync(new URL(`${ELSEWHERE[pattern]}.spec.js`, import.meta.url), "utf8");
      expect(spec, `${pattern} is seen in ${ELSEWHERE[pattern]}.spec.js`).toContain("expectAccessible(");
      continue;
    }
    const concrete = places[pattern] ?? [pattern];
    expect(concrete.join(), "how to get to a page with parameters stands in `lived`").not.toContain(":");
    for (const place of concrete) await visit(place);
  }
  await visit("/d/2020-02-30");
  await page.goto("/d/today");
  await page.locator("summary", { has: page.locator("svg") }).first().click();
  await see(page, "an open menu");
  await page.getByRole("button", { name: "Lock" }).click();
  await expect(page).toHaveURL(/\/login/);
  for (const place of OUTSIDE) await visit(place);
  expect(seen.size).toBeGreaterThan(30);
});

test.describe("llamora dev", () => {
  test.use({ command: ["dev", "--templates", fileURLToPath(new URL("../../../templates", import.meta.url))] });

  test("every component in every state passes axe in every theme", async ({ page, watched }) => {
    // The samples of replies that run belong to nobody.
    watched.expected.push(/status of 401/);
    await page.goto("/dev/components");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Components");
    await see(page, "the components");
    await page.getByRole("button", { name: "Popover" }).click();
    await expect(page.locator("#c-popover")).toBeVisible();
    await see(page, "an open popover");
  });
});

// D60
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
