import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expectAccessible } from "../lib/axe.js";
import { expect, NAME, PASSWORD, test } from "../lib/fixtures.js";
import { register, signIn, write } from "../lib/person.js";

const TYPED = "Typed on an older journal.";

// Signs in where the journal is expected to be older than what this browser saw.
async function meetOlder(page) {
  await page.goto("/login");
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("main form .button--primary").click();
  await expect(page).toHaveURL(/\/older$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("older than what this browser last saw");
}

// The whole file of an earlier day put in place, in a browser that saw a later one (T11).
test("an older file is told before anything else, and each of the three ways works", async ({ page, browser, baseURL, program, watched }) => {
  watched.expected.push(/status of 409/);
  const file = join(program.data, "journal.llamora");
  await register(page);
  await write(page, "Monday.");
  await program.restart(() => copyFileSync(file, `${file}.monday`));
  await signIn(page);
  await write(page, "Tuesday.");
  await program.restart(() => copyFileSync(`${file}.monday`, file));

  // Leaving decides nothing.
  await meetOlder(page);
  await expect(page.locator("main")).toContainText("1 entry on 1 day");
  await expectAccessible(page, "the page of an older journal");
  await page.getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(/\/login$/);

  // Reading only: everything is there, nothing is saved, and what is typed stays.
  await meetOlder(page);
  await page.getByRole("button", { name: "Only read it" }).click();
  await expect(page.locator("article.entry")).toHaveCount(1);
  await expect(page.locator("article.entry")).toContainText("Monday.");
  const area = page.locator("#composer textarea[name=text]");
  await area.fill(TYPED);
  await page.locator("#composer-save").click();
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(page.locator("#notices")).toContainText("nothing was saved", { ignoreCase: true });
  await expect(area).toHaveValue(TYPED);

  // From reading on to writing on. A browser that saw nothing later is never asked.
  await page.goto("/older");
  await page.getByRole("button", { name: "Continue from here" }).click();
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d$/);
  await write(page, "Another Tuesday.");
  await program.restart();
  await signIn(page);
  await expect(page.locator("article.entry")).toHaveCount(2);
  const other = await (await browser.newContext({ baseURL })).newPage();
  await signIn(other);
  await expect(other.locator("article.entry").last()).toContainText("Another Tuesday.");
});
