import { expect } from "@playwright/test";

// What a person does, by what a person sees.

export const NAME = "Margarethe";
export const PASSWORD = "seven herons over the dyke";

// Today, in a journal that was begun.
export async function openToday(page) {
  await page.goto("/d/today");
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d$/);
}

export async function register(page) {
  await page.goto("/");
  await expect(page).toHaveURL(/\/register$/);
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("input[name=password_confirm]").fill(PASSWORD);
  await page.locator("main form .button--primary").click();
  const code = page.locator("code#recovery-code");
  await expect(code).toHaveText(/^\s*(?:[0-9A-Z]{4}[-\s]*){6}[0-9A-Z]{4}\s*$/);
  const text = (await code.textContent()).trim();
  await page.getByRole("link", { name: "I have kept it" }).click();
  await expect(page).toHaveURL(/\/welcome$/);
  await page.getByRole("link", { name: "Skip it" }).click();
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d$/);
  return text;
}

// Does what a new journal asks for: a sign-in while it is still open.
export async function signInOnce(page) {
  await page.getByRole("link", { name: "Sign in once" }).click();
  await fillSignIn(page);
}

export async function signIn(page) {
  await page.goto("/login");
  await fillSignIn(page);
}

async function fillSignIn(page) {
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("main form .button--primary").click();
  await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d$/);
}

// Lets another program answer.
export async function allowUpstream(page, watched, host) {
  // The page that asks for the password is answered 403.
  watched.expected.push(/status of 403/);
  await page.goto("/settings/model");
  await page.getByRole("button", { name: `Let ${host} answer me` }).click();
  await page.locator("input[name=current_password]").fill(PASSWORD);
  await page.getByRole("button", { name: "Allow it" }).click();
  await expect(page.locator("[data-upstream=allowed]")).toBeVisible();
}

// Opens a place of the menu above every page.
export async function fromMenu(page, name) {
  await page.locator("summary", { has: page.locator("svg") }).first().click();
  await page.getByRole("navigation", { name: "More" }).getByRole("link", { name }).click();
}

const LONG = 1000;

// A long text is put there at once: typed into the browser, each of its lines takes long.
async function put(area, text) {
  if (text.length < LONG) return area.fill(text);
  await area.evaluate((element, value) => {
    element.value = value;
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }, text);
}

// Writes an entry; gives its locator, by id, so that it stays the same through edits.
export async function write(page, text) {
  const entries = page.locator("article.entry");
  const before = await entries.count();
  await put(page.locator("#composer textarea[name=text]"), text);
  await page.locator("#composer-save").click();
  await expect(entries).toHaveCount(before + 1);
  await expect(page.locator("#composer textarea[name=text]")).toHaveValue("");
  const id = await entries.last().getAttribute("data-entry-id");
  return page.locator(`article[data-entry-id="${id}"]`);
}

// Saves texts on the day that is open, or on another, one after the other, without drawing them.
export async function writeAll(page, texts, day) {
  const write = async ([all, other]) => {
    const { action, elements } = document.querySelector("#composer form");
    const address = other ? `/d/${other}/entries` : action;
    for (const [n, text] of all.entries()) {
      const fields = { csrf: elements.namedItem("csrf").value, op: `${elements.namedItem("op").value}${n}`, text };
      const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
      if (answer.type !== "opaqueredirect") throw new Error(`entry ${n}: ${answer.status}`);
    }
  };
  await page.evaluate(write, [texts, day]);
}

// So many entries of a few lines each, numbered.
export const numbered = (from, count) =>
  Array.from({ length: count }, (_, n) => {
    return `Entry **${from + n}**. ${"Some words about the day, the weather and the lake. ".repeat(4)}`;
  });

// Waits until the model has been loaded, as the page says it is, and asks.
export async function ask(page, entry) {
  await modelIsReady(page);
  await page.reload();
  await entry.getByRole("button", { name: "Ask for a reply" }).click();
  return entry.locator("[data-reply-id]").last();
}

export async function modelIsReady(page) {
  await expect(async () => {
    const answer = await page.request.get("/readyz");
    expect((await answer.json()).model).toBe("ok");
  }).toPass({ timeout: 120_000 });
}

export const ENDED = /^(complete|stopped)$/;

// Brings in entries by the form of jrnl: as a person comes who kept a journal elsewhere.
export async function bringIn(page, entries) {
  const rows = entries.map(({ day, text, tags = [] }) => ({ title: text, body: "", date: day, time: "10:00", tags, starred: false }));
  const buffer = Buffer.from(JSON.stringify({ tags: {}, entries: rows }));
  await page.goto("/settings/data");
  await page.locator("input[type=file]").setInputFiles({ name: "journal.json", mimeType: "application/json", buffer });
  await page.getByRole("button", { name: "Look what is in it" }).click();
  await page.getByRole("button", { name: "Import" }).click({ timeout: 240_000 });
  await expect(page.getByText(/^Imported: /)).toBeVisible({ timeout: 240_000 });
}
