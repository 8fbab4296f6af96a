import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectAccessible } from "../lib/axe.js";
import { expect, PASSWORD, test } from "../lib/fixtures.js";

const OTHER = "a penny under every stone";

// A program that other machines can reach.
test.use({ host: "0.0.0.0" });

async function begin(page, name, password, code) {
  await page.goto("/register");
  await page.locator("input[name=code]").fill(code);
  await page.locator("input[name=username]").fill(name);
  for (const field of ["password", "password_confirm"]) await page.locator(`input[name=${field}]`).fill(password);
  await page.locator("main form .button--primary").click();
}

// Missing, wrong and used codes are told alike.
async function expectRefused(page) {
  await expect(page.getByRole("alert").filter({ hasText: "only with a code that is still good" })).toBeVisible();
  await expect(page.locator("code#recovery-code")).toHaveCount(0);
}

// SR-08 in a browser.
test("beyond this machine the first journal needs the setup token, and each further one an invitation", async ({ page, browser, baseURL, program, watched }) => {
  // Refused codes, and the page that asks for the password.
  watched.expected.push(/status of 40[34]/);
  const token = readFileSync(join(program.data, "setup-token"), "utf8").trim();
  const visitor = async () => (await browser.newContext({ baseURL })).newPage();

  await page.goto("/");
  await expect(page).toHaveURL(/\/register$/);
  await expect(page.getByLabel("Setup token")).toBeFocused();
  await expectAccessible(page, "the page of the first journal");
  await begin(page, "Mira", PASSWORD, `${token.slice(0, -1)}${token.endsWith("7") ? "8" : "7"}`);
  await expectRefused(page);
  await begin(page, "Mira", PASSWORD, token.toLowerCase());
  await expect(page.locator("code#recovery-code")).toBeVisible();
  const late = await visitor();
  await begin(late, "Jonas", OTHER, token);
  await expectRefused(late);

  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Make an invitation" }).click();
  await page.locator("input[name=current_password]").fill(PASSWORD);
  await page.getByRole("button", { name: "Make an invitation" }).click();
  const code = (await page.locator("#invitation-code").textContent()).trim();
  await expectAccessible(page, "an invitation");

  const guest = await visitor();
  await begin(guest, "Jonas", OTHER, code);
  await expect(guest.locator("code#recovery-code")).toBeVisible();
  await begin(late, "Third", OTHER, code);
  await expectRefused(late);
});
