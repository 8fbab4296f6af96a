import { expectAccessible } from "../lib/axe.js";
import { look } from "../lib/look.js";
import { expect, expectNothingStored, NAME, PASSWORD, test } from "../lib/fixtures.js";
import { register, signIn, write } from "../lib/person.js";

const NEW = "nine cranes on a crooked roof";

// Tab until the wanted thing has the focus, as a person would.
async function tabTo(page, wanted) {
  await expect(wanted).toBeVisible();
  for (let n = 0; n < 60; n += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${wanted} cannot be reached with Tab`);
}

async function typeInto(page, name, text) {
  await tabTo(page, page.locator(`input[name=${name}]:not([type=hidden])`));
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

async function tryToSignIn(page, name, password) {
  await page.goto("/login");
  await page.locator("input[name=username]").fill(name);
  await page.locator("input[name=password]").fill(password);
  await page.locator("main form .button--primary").click();
}

test("by keyboard a person makes a new code, changes name and password, and leaves", async ({ page, browser, program, watched }) => {
  watched.expected.push(/40[139]/);
  const old = await register(page);
  await write(page, "It stays mine.");
  const phone = await (await browser.newContext({ baseURL: program.url })).newPage();
  await signIn(phone);

  await page.goto("/settings/security");
  await tabTo(page, page.getByRole("button", { name: "Make a new code" }));
  await page.keyboard.press("Enter");
  await expect(page.locator("input[name=current_password]")).toBeFocused();
  await page.keyboard.type("not it");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "not the password" })).toBeVisible();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  const code = (await page.locator("code#recovery-code").textContent()).trim();
  expect(code).not.toBe(old);
  await typeInto(page, "last_group", code.slice(-4).toLowerCase());
  await page.keyboard.press("Enter");
  await expect(page.getByText("The new recovery code is valid")).toBeVisible();

  await tabTo(page, page.getByRole("link", { name: "Change name or password" }));
  await page.keyboard.press("Enter");
  await typeInto(page, "current_password", PASSWORD);
  await typeInto(page, "username", "Grete");
  await typeInto(page, "password", NEW);
  await typeInto(page, "password_confirm", NEW);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your name and password were changed")).toBeVisible();
  await expect(page.locator(".facts")).toContainText("Grete");
  await phone.goto("/d/today");
  await expect(phone, "the other browser is out").toHaveURL(/\/login$/);
  await tryToSignIn(phone, NAME, PASSWORD);
  await expect(phone.getByRole("alert").filter({ hasText: "do not open" })).toBeVisible();
  await tryToSignIn(phone, "Grete", NEW);
  await expect(phone.locator("article.entry")).toContainText("It stays mine.");
  await expectNothingStored(page);

  await page.goto("/settings/security");
  await tabTo(page, page.getByRole("link", { name: "Delete this journal" }));
  await page.keyboard.press("Enter");
  await typeInto(page, "name", "grete");
  if (await page.locator("input[name=current_password]").count()) await typeInto(page, "current_password", NEW);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "The journal is gone" })).toBeVisible();
  await phone.goto("/d/today");
  await expect(phone, "the last journal is gone: a new one can begin").toHaveURL(/\/(login|register)$/);
  await expectNothingStored(page);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a person makes a new code, changes the password, signs out everywhere, and deletes the journal", async ({ page, watched }) => {
    watched.expected.push(/403|422/);
    await register(page);
    await page.goto("/settings/security");
    await page.getByRole("button", { name: "Make a new code" }).click();
    await page.locator("input[name=current_password]").fill(PASSWORD);
    await page.getByRole("button", { name: "Show a new code" }).click();
    await expect(page.getByRole("button", { name: "Copy" })).toBeHidden();
    const code = (await page.locator("code#recovery-code").textContent()).trim();
    await page.locator("input[name=last_group]").fill("????");
    await page.getByRole("button", { name: "Use the new code" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "not the last group" })).toBeVisible();
    await page.locator("input[name=last_group]").fill(code.slice(-4));
    await page.getByRole("button", { name: "Use the new code" }).click();
    await expect(page.getByText("The new recovery code is valid")).toBeVisible();

    await page.getByRole("link", { name: "Change name or password" }).click();
    await page.locator("input[name=current_password]").fill(PASSWORD);
    await page.locator("input[name=password]").fill(NEW);
    await page.locator("input[name=password_confirm]").fill(NEW);
    await page.getByRole("button", { name: "Change" }).click();
    await expect(page.getByText("Your name and password were changed")).toBeVisible();

    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await expect(page).toHaveURL(/\/login$/);
    await tryToSignIn(page, NAME, NEW);
    await expect(page).toHaveURL(/\/d\/\d{4}/);
    await page.goto("/settings/security/delete");
    await page.locator("input[name=name]").fill("Somebody");
    await page.locator("input[name=current_password]").fill(NEW);
    await page.getByRole("button", { name: "Delete it for ever" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "not the name" })).toBeVisible();
    await page.locator("input[name=name]").fill(NAME);
    await page.getByRole("button", { name: "Delete it for ever" }).click();
    await expect(page.getByRole("heading", { name: "The journal is gone" })).toBeVisible();
    await page.getByRole("link", { name: "Go to the start" }).click();
    await expect(page).toHaveURL(/\/register$/);
  });
});

test("the pages of security pass axe and fit, in every theme, wide and on a phone", async ({ page, watched }) => {
  watched.expected.push(/403/);
  const see = async (name) => {
    await look(page, `security-${name}`, { fullPage: true });
    await expectAccessible(page, name);
  };
  await register(page);
  for (const [name, address] of [
    ["overview", "/settings/security"],
    ["password", "/settings/security/password"],
    ["delete", "/settings/security/delete"],
  ]) {
    await page.goto(address);
    await see(name);
  }
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Make a new code" }).click();
  await page.locator("input[name=current_password]").fill("not it");
  await page.getByRole("button", { name: "Show a new code" }).click();
  await see("confirm");
  await page.locator("input[name=current_password]").fill(PASSWORD);
  await page.getByRole("button", { name: "Show a new code" }).click();
  await see("code");
  await page.goto("/settings/security/delete");
  await page.locator("input[name=name]").fill(NAME);
  await page.getByRole("button", { name: "Delete it for ever" }).click();
  await expect(page.getByRole("heading", { name: "The journal is gone" })).toBeVisible();
  await see("deleted");
});
