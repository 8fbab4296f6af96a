import { fileURLToPath } from "node:url";
import { expectContrast, faint } from "../lib/contrast.js";
import { NAME, PASSWORD, begun, expect, test } from "../lib/fixtures.js";
import { allowUpstream, openToday, register, write } from "../lib/person.js";
import { BREAK, HOLD, withUpstream } from "../lib/upstream.js";

test.describe("llamora dev", () => {
  test.use({ command: ["dev", "--templates", fileURLToPath(new URL("../../../templates", import.meta.url))] });

  // D61 (contrast under the pointer and in the focus)
  test("a control stands out as well when the pointer or the focus is on it", async ({ page, watched }) => {
    watched.expected.push(/status of 401/);
    await page.goto("/dev/components");
    const controls = page.locator("main :is(button, a, summary, .segment, input, select, textarea)").filter({ visible: true });
    // One of each kind.
    const kinds = await controls.evaluateAll((all) => {
      const seen = new Set();
      for (const one of all) {
        const kind = `${one.localName} ${one.className} ${one.type} ${one.getAttribute("aria-current")}`;
        if (one.disabled || seen.has(kind)) continue;
        one.setAttribute("data-under", seen.size);
        seen.add(kind);
      }
      return seen.size;
    });
    expect(kinds).toBeGreaterThan(15);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (let n = 0; n < kinds; n += 1) {
        const place = `[data-under="${n}"]`;
        const middle = await page.locator(place).evaluate((element) => {
          element.scrollIntoView({ block: "center", behavior: "instant" });
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        });
        await page.mouse.move(...middle);
        expect.soft((await faint(page, place)).found, `under the pointer, ${colorScheme}`).toEqual([]);
        await page.locator(place).focus();
        expect.soft((await faint(page, place)).found, `in the focus, ${colorScheme}`).toEqual([]);
      }
    }
  });
});

// D61 (what comes after a press)
test("what is said to somebody outside passes, whatever went wrong", async ({ page, watched }) => {
  watched.expected.push(/status of 4(01|03|22)/);
  await page.goto("/register");
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("input[name=password_confirm]").fill("something else");
  await page.locator("main form .button--primary").click();
  await expect(page.getByRole("alert").filter({ hasText: /\w/ }).first()).toBeVisible();
  await expectContrast(page, "a refused registration");
  for (const field of ["password", "password_confirm"]) await page.locator(`input[name=${field}]`).fill(PASSWORD);
  await page.locator("main form .button--primary").click();
  const code = (await page.locator("code#recovery-code").textContent()).trim();
  await expectContrast(page, "the recovery code");
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.locator(".tools__said")).not.toBeEmpty();
  await expectContrast(page, "the recovery code was copied");
  await page.goto("/settings/keys");
  await page.locator("#revoke-password").fill("not it");
  await page.getByRole("button", { name: "Revoke keys" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Nothing was changed" })).toBeVisible();
  await expectContrast(page, "keys, refused");
  await page.getByRole("button", { name: "Lock" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=password]").fill("not it");
  await page.locator("main form .button--primary").click();
  await expect(page.getByRole("alert").filter({ hasText: "do not open" })).toBeVisible();
  await expectContrast(page, "a refused sign-in");
  await page.goto("/recover");
  await page.locator("input[name=username]").fill(NAME);
  await page.locator("input[name=recovery_code]").fill("AAAA-BBBB");
  for (const field of ["password", "password_confirm"]) await page.locator(`input[name=${field}]`).fill(PASSWORD);
  await page.locator("main form .button--primary").click();
  await expect(page.getByRole("alert").filter({ hasText: /code/ }).first()).toBeVisible();
  await expectContrast(page, "a refused recovery");
  await page.locator("input[name=recovery_code]").fill(code);
  for (const field of ["password", "password_confirm"]) await page.locator(`input[name=${field}]`).fill("nine cranes on a crooked roof");
  await page.locator("main form .button--primary").click();
  await expect(page.locator("code#recovery-code")).toBeVisible();
  await expectContrast(page, "the code after a recovery");
});

// D61 (what comes after a press)
withUpstream("what is said on a day passes, whatever went wrong", async ({ page, context, upstream, watched }) => {
  watched.expected.push(/status of 4\d\d/, /ERR_FAILED|Failed to fetch/);
  await allowUpstream(page, watched, upstream.host);
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  const last = await write(page, "Rain.");
  await page.reload();
  const box = page.locator("#composer-text");
  const reply = entry.locator("[data-reply-id]").last();
  await box.fill("x".repeat(12_001));
  await expect(page.locator("#composer output")).toHaveAttribute("data-over", "");
  await expectContrast(page, "a box that holds too much");
  await page.locator("#composer-save").click();
  await expect(page.locator("#composer .form__error")).toBeVisible();
  await expectContrast(page, "a text that was refused");
  await box.fill("A text.");
  await page.route("**/entries", (route) => route.abort(), { times: 1 });
  await page.locator("#composer-save").click();
  await expect(page.locator("#notices")).not.toBeEmpty();
  await expectContrast(page, "nobody answers");
  await page.locator("#composer-save").click();
  await expect(page.locator("#composer-status")).toHaveText(/^Saved /);
  await expectContrast(page, "a text that was saved");

  upstream.say([...Array.from({ length: 40 }, (_, n) => `word${n} `), HOLD]);
  await entry.getByRole("button", { name: "Ask for a reply" }).click();
  await expect(reply).toHaveAttribute("data-state", "streaming");
  await expectContrast(page, "a reply that comes");
  await reply.getByRole("button", { name: "Stop" }).click();
  await expect(reply).toHaveAttribute("data-state", "stopped");
  await expectContrast(page, "a reply that was stopped");
  upstream.say(["No more", BREAK]);
  await reply.getByRole("button", { name: "Try again" }).click();
  await expect(reply).toHaveAttribute("data-state", "failed");
  await reply.getByText("Another reply").click();
  await reply.getByText("How it was made").click();
  await expectContrast(page, "a reply that failed, opened");

  const trace = entry.locator("trace-field input[name=name]").first();
  await entry.locator("trace-field summary").first().click();
  await trace.fill("tram");
  await trace.press("Enter");
  await expect(entry.locator(".chip__remove")).toHaveCount(1);
  await expectContrast(page, "a trace that was added");
  await trace.fill("x".repeat(80));
  await trace.press("Enter");
  await expect(entry.locator(".form__error")).toBeVisible();
  await expectContrast(page, "a trace that was refused");
  await entry.locator(".chip__remove").click();
  await expect(entry.locator(".undo")).toBeVisible();
  await expectContrast(page, "a trace that was taken away");

  const other = await context.newPage();
  await other.goto("/d/today");
  const there = other.locator(`article[data-entry-id="${await last.getAttribute("data-entry-id")}"]`);
  for (const place of [last, there]) await place.getByRole("link", { name: "Edit", exact: true }).click();
  await there.locator("textarea").fill("The other tab.");
  await there.getByRole("button", { name: "Save" }).click();
  await expect(there.locator(".entry__body")).toHaveText("The other tab.");
  await other.close();
  await last.locator("textarea").fill("This tab.");
  await last.getByRole("button", { name: "Save" }).click();
  await expect(last.locator(".conflict__text")).toBeVisible();
  await expectContrast(page, "two versions");

  await page.goto("/d/today");
  await box.fill("Half a thought.");
  await context.clearCookies();
  await page.locator("#composer-save").click();
  await expect(page.locator("input[name=password]")).toBeVisible();
  await expectContrast(page, "a sign-in in place");
});

// D61 (the sample day, and a page that does not exist)
test("the sample day and an error pass", async ({ page, watched }) => {
  watched.expected.push(/status of 404/);
  await register(page);
  await page.goto("/welcome");
  await page.getByText("Show me a sample day first").click();
  await page.getByRole("button", { name: "Begin to write" }).click();
  await expect(page.locator("[data-sample]")).toBeVisible();
  await expectContrast(page, "the sample day");
  await page.getByRole("button", { name: "Remove it" }).click();
  await expect(page.locator("[data-sample]")).toHaveCount(0);
  await expectContrast(page, "after the sample day");
  await page.goto("/nothing/here");
  await expectContrast(page, "a page that is not there");
});

// The control: what is too faint is seen, in whatever way it is drawn.
begun("a text, a hint and a tip that are too faint are seen", async ({ page }) => {
  await openToday(page);
  await write(page, "A control.");
  const soft = [];
  await page.locator(".entry__body p").evaluate((element) => element.setAttribute("class", "faint"));
  const sheet = ".faint { color: oklch(60% 0.2 30) } .faint::after { content: 'tip'; color: #999 } #composer-text::placeholder { color: #aaa }";
  await page.evaluate((css) => {
    const style = new CSSStyleSheet();
    style.replaceSync(css);
    document.adoptedStyleSheets = [style];
  }, sheet);
  await page.emulateMedia({ colorScheme: "light" });
  for (const line of (await faint(page)).found) soft.push(line.split(" ")[1]);
  expect(soft).toEqual(expect.arrayContaining(["text", "hint", "::after"]));
});
