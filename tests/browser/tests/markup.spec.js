import { readFileSync } from "node:fs";
import { begun, expect, expectNothingStored } from "../lib/fixtures.js";
import { lived } from "../lib/lived.js";
import { allowUpstream, bringIn, openToday, write } from "../lib/person.js";
import { pages } from "../lib/routes.js";
import { HOLD, withUpstream } from "../lib/upstream.js";

// Whatever of it is taken for markup asks for something, goes somewhere or leaves an element with this attribute.
const AWAY = "http://192.0.2.1";
const MARK = `<img data-planted src="${AWAY}/m.png" onerror="alert(1)">`;
// As code it is still there where a text is said without its marks.
const SHOWN = `\`${MARK}\``;
const MODEL = [
  "Hello. ",
  MARK,
  `<script data-planted src="${AWAY}/s.js"></script><script>alert(2)</script>`,
  `![a picture](${AWAY}/p.png) ![local](/healthz?from=picture)`,
  `[press](javascript:alert(3)) [there](${AWAY}/there) <${AWAY}/auto> ${AWAY}/bare`,
  `[ref]: ${AWAY}/ref\n\n[ref] ![ref]`,
  `<svg data-planted onload="alert(4)"><use href="${AWAY}/u.svg#x"></use></svg>`,
  `<iframe data-planted src="${AWAY}/f" srcdoc="<script>parent.alert(5)</script>"></iframe>`,
  `<link data-planted rel="stylesheet" href="${AWAY}/l.css"><style>@import url(${AWAY}/i.css);</style>`,
  `<meta data-planted http-equiv="refresh" content="0;url=${AWAY}/meta"><base data-planted href="${AWAY}/">`,
  '<form data-planted action="/lock" method="post"><button autofocus>Lock</button></form>',
  '<div data-planted hx-get="/healthz?from=htmx" hx-trigger="load, every 50ms" hx-on:load="alert(6)"></div>',
  '<reply-stream data-planted data-events="/healthz?from=stream"></reply-stream>',
  `<video data-planted autoplay poster="${AWAY}/v.png"><source src="${AWAY}/v.mp4"></video>`,
  `<object data-planted data="${AWAY}/o"></object><embed data-planted src="${AWAY}/e">`,
  `<input data-planted type="image" src="${AWAY}/t.png"><textarea data-planted>`,
  "</div></article></main><main data-planted>",
  '<details data-planted open ontoggle="alert(7)"><summary>x</summary></details>',
];
const END = "\n\nThe end of it.";
const read = (name) => JSON.parse(readFileSync(new URL(`../../payloads/${name}.json`, import.meta.url)));
// Published ones; what is long repeats itself, and is cut for that.
const PUBLISHED = read("dompurify")
  .payloads.filter(({ length }) => length < 300)
  .map((payload) => `${payload.replaceAll("\0", "").replace(/[\r\n]+/g, " ")} `);

function watchDialogs(page) {
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    dialog.dismiss();
  });
  return dialogs;
}

const planted = (page) => page.locator("[data-planted]");
const stray = (watched) => watched.requests.filter((line) => /healthz|192\.0\.2\.1/.test(line));

// D43 (what a model writes, while it comes and when it stands, in the browser)
withUpstream("what a model writes is only text while it comes, and gives no orders when it stands", async ({ page, upstream, watched }) => {
  const dialogs = watchDialogs(page);
  await allowUpstream(page, watched, upstream.host);
  await openToday(page);
  const entry = await write(page, "Tell me.");
  for (const words of [MODEL, PUBLISHED.slice(0, 30), PUBLISHED.slice(30, 60)]) {
    upstream.say([...words, HOLD, END], 10);
    await openToday(page);
    const here = page.url();
    await entry.getByRole("button", { name: "Ask for a reply" }).click();
    const reply = entry.locator("[data-reply-id]").last();
    const live = reply.locator(".reply__text--live");
    await expect(live).toContainText(words === MODEL ? "</main><main data-planted>" : "<");
    expect(await live.evaluate((element) => element.children.length), "letters and nothing else").toBe(0);
    await expect(planted(page)).toHaveCount(0);
    upstream.goOn();
    await expect(reply).toHaveAttribute("data-state", "complete");
    const text = reply.locator(".reply__text");
    await expect(text).toContainText(END.trim());
    for (const again of [false, true]) {
      if (again) await page.reload();
      await expect(planted(page)).toHaveCount(0);
      // A model gives no link and no picture, and nothing that can be pressed.
      await expect(text.locator("a, img, script, style, iframe, form, input:not([disabled]), button, svg, [onerror], [style]")).toHaveCount(0);
      await text.click({ position: { x: 4, y: 4 } });
    }
    expect(page.url()).toBe(here);
    await reply.getByRole("button", { name: "Move reply to the trash" }).click();
    await expect(entry.locator("[data-reply-id]")).toHaveCount(0);
  }
  expect(stray(watched)).toEqual([]);
  expect(dialogs).toEqual([]);
  await expectNothingStored(page);
});

// D43 (wherever a text is shown: hits, recaps, openings, reviews, traces, drafts, versions, questions)
withUpstream("markup that somebody wrote is text on every page that says it again", async ({ page, upstream, watched }) => {
  watched.expected.push(/status of 40[34]/);
  const dialogs = watchDialogs(page);
  const garden = [
    "The garden was wet in the morning and we planted tomatoes in the garden with Ana, row by row along the wall.",
    "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden behind the school.",
    "Ana dug the garden over and the tomatoes came up between the stones while the radio told of snow in the mountains.",
  ].map((sentence) => sentence.replace("garden", `garden ${SHOWN}`));
  const daysAgo = (days) => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  await openToday(page);
  await bringIn(
    page,
    Array.from({ length: 9 }, (_, n) => ({ day: daysAgo(n + 3), text: garden.join(" "), tags: ["@garden", "@<img/data-planted/src=x>"] })),
  );
  const places = await lived(page, upstream, watched, { mark: SHOWN });
  await page.goto("/traces");
  const traces = await page.locator(".trace-list__all a[href^='/traces/']").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  expect(traces.length).toBeGreaterThan(1);

  // What is made of the texts is there before the pages are looked at.
  await expect(async () => {
    await page.goto(`/d/${daysAgo(3)}`);
    await expect(page.locator("[data-recap=own]")).toContainText("data-planted", { timeout: 2_000 });
  }).toPass({ timeout: 20_000 });
  const garden_trace = await page.locator(".chip a[href^='/traces/']").first().getAttribute("href");
  await expect(async () => {
    await page.goto(garden_trace);
    await expect(page.locator("#summary[data-recap=own]")).toContainText("data-planted", { timeout: 2_000 });
  }).toPass({ timeout: 20_000 });

  let said = 0;
  for (const pattern of pages("signed").filter((pattern) => pattern !== "/older")) {
    const all = [...(places[pattern] ?? (pattern.includes(":") ? [] : [pattern])), ...(pattern === "/traces/:id" ? traces : [])];
    expect(all.length, pattern).toBeGreaterThan(0);
    for (const place of all) {
      await page.goto(place);
      await expect(page.locator("main")).toBeVisible();
      await expect(planted(page), place).toHaveCount(0);
      said += Number((await page.locator("main").innerText()).includes("data-planted"));
    }
  }
  expect(said, "pages that say it").toBeGreaterThan(10);
  expect(stray(watched)).toEqual([]);
  expect(dialogs).toEqual([]);
});
