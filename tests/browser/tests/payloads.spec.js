import { readFileSync } from "node:fs";
import { register, write } from "../lib/person.js";
import { expect, expectNothingStored, test } from "../lib/fixtures.js";

const PAYLOADS = JSON.parse(readFileSync(new URL("../../payloads/markdown.json", import.meta.url)));
const PER_ENTRY = 60;

// What may stand in the text of an entry, and with which attributes.
const ALLOWED = {
  A: ["href", "target", "rel"],
  INPUT: ["type", "disabled", "checked", "aria-label"],
  OL: ["start"],
};
const BARE = "BLOCKQUOTE BR CODE DEL EM H3 H4 H5 H6 HR LI P PRE STRONG TABLE TBODY TD TH THEAD TR UL".split(" ");

// proves: SR-25, SR-33 (283 payloads in Chromium)
test("no known payload runs, asks for anything or dresses up", async ({ page, watched }) => {
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    dialog.dismiss();
  });
  await register(page);
  for (let from = 0; from < PAYLOADS.length; from += PER_ENTRY) {
    const part = PAYLOADS.slice(from, from + PER_ENTRY).map((payload) => payload.replaceAll("\0", ""));
    await write(page, `${part.join("\n\n")}\n\nThe end of this part.`);
  }
  watched.requests.length = 0;
  await page.reload();
  const bodies = page.locator(".entry__body");
  await expect(bodies).toHaveCount(Math.ceil(PAYLOADS.length / PER_ENTRY));
  const wild = await bodies.evaluateAll(
    (elements, [allowed, bare]) =>
      elements
        .flatMap((body) => [...body.querySelectorAll("*")])
        .flatMap((element) => {
          const known = bare.includes(element.tagName) ? [] : allowed[element.tagName];
          if (!known) return [element.outerHTML];
          return [...element.attributes].some(({ name }) => !known.includes(name)) ? [element.outerHTML] : [];
        }),
    [ALLOWED, BARE],
  );
  expect(wild).toEqual([]);
  const schemes = await bodies
    .locator("a[href]")
    .evaluateAll((links) => links.map((link) => link.protocol).filter((scheme) => !/^(https?|mailto):$/.test(scheme)));
  expect(schemes).toEqual([]);
  for (const body of await bodies.all()) await body.click({ position: { x: 5, y: 5 } });
  const asked = watched.requests.filter((line) => !/ \S+\/(d\/\S+|assets\/\S+|favicon\.svg|readyz)$/.test(line));
  expect(asked, "requests after the page was drawn").toEqual([]);
  expect(dialogs).toEqual([]);
  await expectNothingStored(page);
});
