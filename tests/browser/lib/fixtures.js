import { test as base, expect } from "@playwright/test";
import { NAME, PASSWORD, register } from "./person.js";
import { Program } from "./program.js";

export { expect, NAME, PASSWORD };

async function running(program, use) {
  await program.start();
  await use(program);
  await program.end();
  expect(program.log).not.toContain("panicked");
}

// `program`: a running program without a journal; how it is run are options of `Program`.
// `watched`: what the page did wrong: console errors, exceptions, policy violations, requests to elsewhere, panics.
export const test = base.extend({
  command: [undefined, { option: true }],
  host: [undefined, { option: true }],
  settings: [undefined, { option: true }],
  program: ({ command, host, settings }, use) => running(new Program({ command, host, settings }), use),
  baseURL: async ({ program }, use) => use(program.url),
  watched: [
    async ({ context, program }, use) => {
      const watched = { errors: [], requests: [], expected: [] };
      await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
          console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
        });
      });
      context.on("console", (message) => {
        if (message.type() === "error" || /content security policy/i.test(message.text()))
          watched.errors.push(message.text());
      });
      context.on("weberror", (error) => watched.errors.push(String(error.error())));
      context.on("request", (request) => watched.requests.push(`${request.method()} ${request.url()}`));
      await use(watched);
      // What a page asks for meanwhile is refused.
      if (program.wasAway) watched.expected.push(/ERR_CONNECTION_REFUSED|Failed to fetch/);
      const unexpected = watched.errors.filter((text) => !watched.expected.some((pattern) => pattern.test(text)));
      expect(unexpected, "console errors and policy violations").toEqual([]);
      const elsewhere = watched.requests.filter((line) => !line.split(" ")[1].startsWith(program.url));
      expect(elsewhere.filter((line) => !/ (data|blob|about):/.test(line)), "requests to elsewhere").toEqual([]);
    },
    { auto: true },
  ],
});

// A browser may stay signed in when the program starts again.
const STAYS = { LLAMORA_CRYPTO__DEK_STORAGE: "cookie" };

// The same with an empty journal in which the browser is signed in. It is begun once for each worker, and each test has
// a copy: to begin one costs two seconds, and what a test is about comes after.
export const begun = test.extend({
  journal: [
    async ({ browser }, use, { project }) => {
      const program = await new Program({ settings: STAYS }).start();
      // The journal has zone and language of the browser that begins it, and only a test's own context is given them by itself.
      const { locale, timezoneId } = project.use;
      const context = await browser.newContext({ baseURL: program.url, storageState: undefined, locale, timezoneId });
      const page = await context.newPage();
      await register(page);
      await page.getByRole("button", { name: "Lock" }).click();
      await expect(page).toHaveURL(/\/login/);
      await page.getByLabel("Stay signed in on this browser").check();
      await page.locator("input[name=username]").fill(NAME);
      await page.locator("input[name=password]").fill(PASSWORD);
      await page.locator("main form .button--primary").click();
      await expect(page).toHaveURL(/\/d\/\d{4}-\d\d-\d\d$/);
      const state = await context.storageState();
      await context.close();
      await program.stop();
      await use({ data: program.data, state });
      await program.end();
    },
    { scope: "worker" },
  ],
  program: ({ journal, settings }, use) =>
    running(new Program({ settings: { ...STAYS, ...settings }, data: journal.data }), use),
  storageState: ({ journal }, use) => use(journal.state),
});

// What the browser keeps besides HttpOnly cookies: nothing.
export async function expectNothingStored(page) {
  const stored = await page.evaluate(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: "caches" in window ? (await caches.keys()).length : 0,
    cookies: document.cookie,
  }));
  expect(stored).toEqual({ local: 0, session: 0, databases: 0, caches: 0, cookies: "" });
}
