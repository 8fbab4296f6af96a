import { expect, test } from "../lib/fixtures.js";
import { expectAccessible } from "../lib/axe.js";

const field = (page, name) => page.locator(`input[name=${name}]`);
const words = (page) => page.locator(".passphrase__words");

test("while a password is typed the page says how long one graphics card would need", async ({ page, watched }) => {
  watched.expected.push(/422/);
  await page.goto("/register");
  await field(page, "username").fill("Margarethe");
  await field(page, "password").pressSequentially("margarethe1", { delay: 10 });
  const said = page.locator("[data-said]");
  await expect(said).toContainText("Too easy to guess: one graphics card would need");
  const weak = Number(await said.locator("meter").getAttribute("value"));
  await field(page, "password").fill("seven herons over the dyke");
  await expect(said).toContainText("Hard to guess");
  expect(Number(await said.locator("meter").getAttribute("value"))).toBeGreaterThan(weak);
  await expectAccessible(page, "a judged password");
  const asked = watched.requests.filter((line) => line.endsWith("/password-strength"));
  expect(asked.length, "not once for each key").toBeLessThan(6);
  expect(watched.requests.filter((line) => line.includes("heron")), "nothing of it in an address").toEqual([]);
  await field(page, "password").fill("");
  await expect(said).toBeEmpty();

  // What is easy to guess is refused, with the same words.
  await field(page, "password").fill("margarethe1");
  await field(page, "password_confirm").fill("margarethe1");
  await page.locator("main form .button--primary").click();
  await expect(page.getByRole("alert").filter({ hasText: "Too easy to guess" })).toBeVisible();
});

test("a suggested passphrase is shown in place, and nothing that was typed is sent for it", async ({ page, watched }) => {
  await page.goto("/register");
  await field(page, "username").fill("Margarethe");
  await field(page, "password").fill("half a thought");
  const bodies = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/passphrase")) bodies.push(request.postData());
  });
  await page.getByRole("button", { name: "Suggest a passphrase" }).click();
  await expect(words(page)).toHaveText(/^([a-z-]+ ){4}[a-z-]+$/);
  expect(page.url()).toMatch(/\/register$/);
  expect(bodies.join()).toMatch(/^csrf=[\w-]+$/);
  const first = await words(page).textContent();
  await page.getByRole("button", { name: "Suggest a passphrase" }).click();
  await expect(words(page)).not.toHaveText(first);
  await expect(page.getByText("64.6 bits")).toBeVisible();
  await expectAccessible(page, "a suggested passphrase");
  const phrase = await words(page).textContent();
  await field(page, "password").fill(phrase);
  await field(page, "password_confirm").fill(phrase);
  await field(page, "password_confirm").press("Enter");
  await expect(page.locator("code#recovery-code")).toBeVisible();
  expect(watched.requests.filter((line) => line.includes(phrase.split(" ")[0]))).toEqual([]);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a passphrase comes with the page again, and the name stays", async ({ page }) => {
    await page.goto("/register");
    await field(page, "username").fill("Margarethe");
    await page.getByRole("button", { name: "Suggest a passphrase" }).click();
    await expect(field(page, "username")).toHaveValue("Margarethe");
    const phrase = await words(page).textContent();
    await field(page, "password").fill(phrase);
    await field(page, "password_confirm").fill(phrase);
    await field(page, "password_confirm").press("Enter");
    await expect(page.locator("code#recovery-code")).toBeVisible();
  });
});
