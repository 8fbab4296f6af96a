import { readFileSync } from "node:fs";
import { expectAccessible } from "../lib/axe.js";
import { PASSWORD, expect, expectNothingStored, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

async function exported(page, label, password = PASSWORD) {
  await page.goto("/settings/data");
  await page.getByRole("radio", { name: label }).check();
  await page.getByLabel("Your password").fill(password);
  await page.getByLabel(/I know that the file/).check();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  return download;
}

test("a person takes the journal out, loses an entry for ever, and brings it in again", async ({ page, watched }) => {
  watched.expected.push(/status of 403/);
  await openToday(page);
  await write(page, "Kept through **everything**.");
  const lost = await write(page, "Lost and found.");

  await page.goto("/settings/data");
  await page.getByLabel("Your password").fill("not my password");
  await page.getByLabel(/I know that the file/).check();
  await page.getByRole("button", { name: "Export" }).click();
  await expect(page.locator("#export-error")).toContainText("not the password");

  await expectAccessible(page, "a refused export");

  const download = await exported(page, /Markdown/);
  expect(download.suggestedFilename()).toMatch(/^llamora-\d{4}-\d\d-\d\d\.zip$/);
  const file = await download.path();
  expect(readFileSync(file).includes("Lost and found.")).toBe(true);

  await page.goto("/d/today");
  await lost.getByRole("button", { name: "Move to the trash" }).click();
  await page.goto("/trash");
  await page.locator("summary", { hasText: "Remove for ever" }).click();
  await page.getByRole("button", { name: "Yes, remove it for ever" }).click();

  await page.goto("/settings/data");
  await page.locator("input[type=file]").setInputFiles({ name: "journal.zip", mimeType: "application/zip", buffer: readFileSync(file) });
  await page.getByRole("button", { name: "Look what is in it" }).click();
  await expect(page.getByText("To be imported: 1 entry on 1 day.")).toBeVisible();
  await expect(page.getByText("nothing is doubled")).toBeVisible();
  await expectAccessible(page, "what an import would do");
  await page.getByRole("button", { name: "Import" }).click();
  await expect(page.getByText("Imported: 1 entry on 1 day.")).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await page.goto("/d/today");
  await expect(page.locator("article.entry")).toHaveCount(2);
  await expect(page.locator("article.entry", { hasText: "Lost and found." })).toHaveCount(1);

  const json = JSON.parse(readFileSync(await (await exported(page, /^JSON, with/)).path(), "utf8"));
  expect(json.count).toBe(2);
  expect(json.entries.map((entry) => entry.text).sort()).toEqual(["Kept through **everything**.", "Lost and found."]);
  await expectNothingStored(page);
});
