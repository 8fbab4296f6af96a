import { test as base, expect } from "@playwright/test";
import { Program } from "./program.js";

export { expect };

export const NAME = "Margarethe";
export const PASSWORD = "seven herons over the dyke";

// `program`: a running program with an empty journal.
// `watched`: what the page did wrong: console errors, exceptions, policy violations, requests to elsewhere, panics.
export const test = base.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  program: async ({}, use) => {
    const program = await new Program().start();
    await use(program);
    await program.end();
    expect(program.log).not.toContain("panicked");
  },
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
      const unexpected = watched.errors.filter((text) => !watched.expected.some((pattern) => pattern.test(text)));
      expect(unexpected, "console errors and policy violations").toEqual([]);
      const elsewhere = watched.requests.filter((line) => !line.split(" ")[1].startsWith(program.url));
      expect(elsewhere.filter((line) => !/ (data|blob|about):/.test(line)), "requests to elsewhere").toEqual([]);
    },
    { auto: true },
  ],
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
