import { expect, PASSWORD, test } from "../lib/fixtures.js";
import { fromMenu, register, signIn, write } from "../lib/person.js";

const calm = (page) => expect(page.locator("[data-keys=calm]")).toBeVisible({ timeout: 60_000 });

test("keys are renewed while the page watches, then revoked, and the new code is typed back", async ({
  page,
  browser,
  baseURL,
  watched,
}) => {
  // A wrong password and a wrong code are refused, which the browser notes.
  watched.expected.push(/403 \(Forbidden\)/, /422 \(Unprocessable/);
  const oldCode = await register(page);
  for (const n of [1, 2, 3]) await write(page, `Entry ${n}.`);
  await fromMenu(page, "Settings");
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Keys" }).click();
  await calm(page);

  await page.locator("#refresh-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Renew keys" }).click();
  await calm(page);

  // Somebody else is signed in on another machine.
  const elsewhere = await (await browser.newContext({ baseURL })).newPage();
  await signIn(elsewhere);

  await page.locator("#revoke-password").fill("not the password");
  await page.getByRole("button", { name: "Revoke keys" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Nothing was changed" })).toBeVisible();
  await page.locator("#revoke-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Revoke keys" }).click();
  const code = (await page.locator("code#recovery-code").textContent()).trim();
  expect(code).not.toBe(oldCode);
  await page.locator("input[name=recovery_code]").fill("0000");
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.locator("code#recovery-code")).toHaveText(code);
  await page.locator("input[name=recovery_code]").fill(code.slice(-4).toLowerCase());
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.locator(".notice")).toContainText("you have kept it");
  await calm(page);

  await elsewhere.goto("/d/today");
  await expect(elsewhere).toHaveURL(/\/login$/);
  await page.goto("/d/today");
  await expect(page.locator("article.entry")).toHaveCount(3);
});
