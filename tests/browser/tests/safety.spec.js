import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync, inflateSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { allowUpstream, openToday, signIn, write } from "../lib/person.js";
import { PASSWORD, begun, expect, expectNothingStored } from "../lib/fixtures.js";
import { withUpstream } from "../lib/upstream.js";

// D43
// proves: SR-25
begun("what is written can give the page no orders", async ({ page, watched }) => {
  await openToday(page);
  await write(
    page,
    [
      '<button hx-get="/healthz?from=button" hx-trigger="load">press</button>',
      '<div hx-get="/healthz?from=div" hx-trigger="load, every 100ms" data-hx-get="/healthz?from=data"></div>',
      '<img src="/healthz?from=img" onerror="fetch(\'/healthz?from=onerror\')">',
      "<script>fetch('/healthz?from=script')</script>",
      "![picture](/healthz?from=markdown) [link](javascript:fetch('/healthz?from=link'))",
      '<reply-stream data-events="/healthz?from=element"></reply-stream>',
      '<form action="/logout" method="post"><button>Out</button></form>',
      "A harmless end.",
    ].join("\n\n"),
  );
  const entry = page.locator("article.entry");
  await expect(entry).toContainText("A harmless end.");
  await page.reload();
  await expect(entry).toContainText("A harmless end.");
  // A press on whatever is left of it, then something that surely does make a request.
  await entry.locator(".entry__body").click();
  for (const link of await entry.locator(".entry__body a").all()) await link.click({ timeout: 1_000 }).catch(() => {});
  await entry.getByRole("link", { name: "Edit" }).click();
  await expect(entry.locator("textarea")).toBeVisible();
  expect(watched.requests.filter((line) => line.includes("/healthz"))).toEqual([]);
  await expect(entry.locator(".entry__body script, .entry__body form, .entry__body img")).toHaveCount(0);
  await expectNothingStored(page);
});

// Each way out of the journal, as it is pressed in the security settings.
const WAYS = ["Lock now", "Sign out this browser", "Sign out everywhere"];

async function leave(page, way) {
  await page.goto("/settings/security");
  await page.getByRole("button", { name: way }).click();
  if (way === "Sign out everywhere") {
    await page.locator("input[name=current_password]").fill(PASSWORD);
    await page.getByRole("button", { name: way }).click();
  }
  await expect(page).toHaveURL(/\/login/);
}

for (const way of WAYS)
  for (const scripts of way === "Sign out this browser" ? [true, false] : [true])
    begun.describe(`${way}, ${scripts ? "with" : "without"} scripts`, () => {
      begun.use({ javaScriptEnabled: scripts });

      // D42 (each way out, whatever page was open)
      // proves: SR-28
      begun("no page that was open comes back", async ({ page, watched }) => {
        watched.expected.push(/status of 403/);
        const text = "Only for me: the harbour at night.";
        await openToday(page);
        await page.locator("textarea[name=text]").fill(text);
        await page.getByRole("button", { name: "Save", exact: true }).click();
        const entry = page.locator("article.entry");
        await expect(entry).toContainText(text);
        await entry.getByRole("link", { name: "Edit", exact: true }).click();
        await expect(page.locator("article textarea")).toHaveValue(text);
        await page.goto("/search");
        await page.locator("main input[name=q]").fill("harbour");
        await page.locator("main input[name=q]").press("Enter");
        await expect(page.locator("#results")).toContainText("harbour at night");
        await page.goto("/d/today");
        await expect(entry).toContainText(text);
        await leave(page, way);
        for (let n = 0; n < 8; n += 1) {
          // Some of the pages were answers to forms, which the browser does not show again.
          await page.goBack({ timeout: 5_000 }).catch(() => {});
          await expect(async () => expect(await page.content()).not.toContain("harbour")).toPass();
        }
        await page.goto("/d/today");
        await expect(page.locator("input[name=password]")).toBeVisible();
        await expectNothingStored(page);
      });
    });

// What a person wrote, searched for and typed without saving; none of it may stay on the disk of the browser's machine.
const CANARIES = [
  "zanderqueen-written",
  "zanderqueen-sought",
  "zanderqueen-drafted",
  "zanderqueen-replaced",
  "zanderqueen-traced",
  "zanderqueen-asked",
  "zanderqueen-replied",
];

// Every way in which these bytes may hold a canary: as they are, in two bytes a letter, in a deflated stream.
function canariesIn(bytes) {
  const found = CANARIES.filter(
    (canary) => bytes.includes(canary) || bytes.includes(Buffer.from(canary, "utf16le")),
  );
  for (let at = 0; at < bytes.length - 2; at += 1) {
    const isGzip = bytes[at] === 0x1f && bytes[at + 1] === 0x8b && bytes[at + 2] === 8;
    const isZlib = bytes[at] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(bytes[at + 1]);
    if (!isGzip && !isZlib) continue;
    try {
      const rest = bytes.subarray(isGzip ? at + 10 : at);
      const inflated = (isGzip ? inflateRawSync : inflateSync)(rest, { finishFlush: 2 });
      found.push(...CANARIES.filter((canary) => inflated.includes(canary)));
    } catch {
      // These bytes only looked like the head of a stream.
    }
  }
  return found;
}

// D42
// proves: SR-28 (the whole profile on disk, as bytes, in UTF-16 and inflated)
withUpstream("signing out leaves nothing in the browser's profile on disk", async ({ program, baseURL, upstream, watched }, info) => {
  upstream.say([`A lamp for ${CANARIES[6]}.`]);
  const profile = mkdtempSync(join(tmpdir(), "llamora-profile-"));
  const { launchOptions, locale, timezoneId } = info.project.use;
  const context = await chromium.launchPersistentContext(profile, { ...launchOptions, locale, timezoneId, baseURL });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await signIn(page);
    await allowUpstream(page, watched, upstream.host);
    await page.goto("/d/today");
    const entry = await write(page, `A morning, ${CANARIES[0]}.`);
    await entry.getByRole("link", { name: "Edit" }).click();
    await entry.locator("textarea").fill(`An evening, ${CANARIES[3]}.`);
    await entry.getByRole("button", { name: "Save" }).click();
    await expect(entry).toContainText(CANARIES[3]);
    await entry.locator("trace-field summary").click();
    await entry.locator("input[name=name]").fill(CANARIES[4]);
    await entry.locator("input[name=name]").press("Enter");
    await expect(entry.locator(".chip")).toContainText(CANARIES[4]);
    await entry.getByRole("button", { name: "Ask for a reply" }).click();
    await expect(entry.locator("[data-reply-id][data-state=complete]")).toContainText(CANARIES[6]);
    await page.goto("/ask");
    await page.getByLabel("Your question").fill(`Who met ${CANARIES[5]}?`);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/ask\/\d+$/);
    await page.goto("/search");
    await page.locator("main input[name=q]").fill(CANARIES[1]);
    await page.locator("main input[name=q]").press("Enter");
    // The model may find the entry near in meaning or not; either way there is an answer.
    await expect(page.locator(".results__count")).toBeVisible();
    await page.goto("/d/today");
    await page.locator("#composer textarea[name=text]").fill(`Half a thought, ${CANARIES[2]}`);
    await page.waitForResponse((response) => response.url().endsWith("/draft"));
    await page.getByRole("button", { name: "Lock" }).click();
    await expect(page).toHaveURL(/\/login/);
    // The control: what is in an address does reach the disk.
    await page.goto("/login?zanderqueen-control");
  } finally {
    await context.close();
  }
  const files = readdirSync(profile, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const found = [];
  let sawControl = false;
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const bytes = readFileSync(path);
    sawControl ||= bytes.includes("zanderqueen-control");
    found.push(...canariesIn(bytes).map((canary) => `${canary} in ${path.slice(profile.length)}`));
  }
  rmSync(profile, { recursive: true, force: true });
  expect(files.length).toBeGreaterThan(20);
  expect(sawControl, "the history of the browser is among the files").toBe(true);
  expect(found).toEqual([]);
  expect(program.log).not.toContain("panicked");
});

// D42 (the pages that are still open)
for (const way of WAYS) {
  begun(`"${way}" in one tab leaves the others and keeps what they held`, async ({ page, context, watched }) => {
    watched.expected.push(/status of 403/);
    const other = await context.newPage();
    await openToday(other);
    await other.locator("#composer textarea[name=text]").fill("Half a thought in the other tab");
    await leave(page, way);
    await expect(other).toHaveURL(/\/login/);
    await signIn(other);
    await expect(other.locator("#composer textarea[name=text]")).toHaveValue("Half a thought in the other tab");
  });
}

// proves: RR-29
begun("text stays in the box when saving fails", async ({ page, program, watched }) => {
  watched.expected.push(/ERR_CONNECTION_REFUSED/, /Failed to fetch/);
  await openToday(page);
  await program.stop();
  await page.locator("#composer textarea[name=text]").fill("Written while the program was away.");
  await page.locator("#composer-save").click();
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(page.locator("#composer textarea[name=text]")).toHaveValue("Written while the program was away.");
});

// D03
begun("12,001 characters are refused with the text kept", async ({ page, watched }) => {
  watched.expected.push(/422/);
  await openToday(page);
  const text = `${"é".repeat(9)} `.repeat(1200).concat("é");
  expect(text).toHaveLength(12_001);
  await page.locator("#composer textarea[name=text]").fill(text);
  await page.locator("#composer textarea[name=text]").press("Control+Enter");
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await expect(page.locator("#composer textarea[name=text]")).toHaveValue(text);
  await page.locator("#composer textarea[name=text]").fill(text.slice(1));
  await page.locator("#composer-save").click();
  await expect(page.locator("article.entry")).toHaveCount(1);
});

// What the watch over each test would see; a watch that sees nothing proves nothing.
// proves: SR-23 (no violation in any browser test, and the watch sees planted ones)
begun("a script that should not run, an exception and a call to elsewhere are all seen", async ({ page, watched }) => {
  await openToday(page);
  expect(watched.errors).toEqual([]);
  await page.evaluate(() => {
    const script = document.createElement("script");
    try {
      script.textContent = "window.ran = true";
    } catch {
      document.body.append(script);
    }
    setTimeout(() => {
      throw new Error("thrown on purpose");
    });
    return fetch("http://192.0.2.1/elsewhere").catch(() => {});
  });
  expect(await page.evaluate(() => "ran" in window)).toBe(false);
  for (const seen of [/policy violation: require-trusted-types-for/, /policy violation: connect-src/, /thrown on purpose/])
    await expect.poll(() => watched.errors.some((text) => seen.test(text)), String(seen)).toBe(true);
  watched.expected.push(/policy|thrown on purpose|elsewhere|Failed to fetch|requires .Trusted/i);
});
