import { readFileSync } from "node:fs";
import { openToday, write } from "../lib/person.js";
import { expect, expectNothingStored, begun as test } from "../lib/fixtures.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../../payloads/${name}.json`, import.meta.url)));
const LONGEST = 11_000;

// Own payloads as they are, one after the other; published ones each in a quotation of its own, so that what one leaves
// open ends with it.
const quoted = (payload) => payload.split(/\r\n|\r|\n/).map((line) => `> ${line}`).join("\n");
const PAYLOADS = [
  ...read("markdown"),
  ...["dompurify", "commonmark"].flatMap((name) => read(name).payloads.map(quoted)),
].map((payload) => payload.replaceAll("\0", ""));

// As many as fit into an entry.
function parts() {
  const parts = [""];
  for (const payload of PAYLOADS) {
    if (parts.at(-1).length + payload.length > LONGEST) parts.push("");
    parts[parts.length - 1] += `${payload}\n\n`;
  }
  return parts;
}

// What may stand in the text of an entry, and with which attributes.
const ALLOWED = {
  A: ["href", "target", "rel"],
  BUTTON: ["class", "type", "role", "aria-checked", "aria-label", "formaction"],
  INPUT: ["type", "disabled", "checked", "aria-label"],
  OL: ["start"],
};
const BARE = "BLOCKQUOTE BR CODE DEL EM H3 H4 H5 H6 HR LI P PRE STRONG TABLE TBODY TD TH THEAD TR UL".split(" ");

// D43
// proves: SR-25, SR-33 (1,146 payloads and examples in Chromium)
test("no known payload runs, asks for anything or dresses up", async ({ page, watched }) => {
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    dialog.dismiss();
  });
  await openToday(page);
  for (const part of parts()) await write(page, `${part}The end of this part.`);
  watched.requests.length = 0;
  await page.reload();
  const bodies = page.locator(".entry__body");
  await expect(bodies).toHaveCount(parts().length);
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
