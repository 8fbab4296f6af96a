import { begun, expect } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

const MOST = 12_000;
// Letters of one, two, three and four bytes, with breaks between the lines, as a text from elsewhere has.
const LINE = `${"Snow, \u{e9}t\u{e9}, \u{65e5}\u{8a18} \u{1f389}. ".repeat(8)}and on.\n`;
const long = (length) => [...LINE.repeat(Math.ceil(length / [...LINE].length))].slice(0, length - 1).concat("!").join("");

// Takes a text into the clipboard as a person does, from a page of another program.
async function copy(context, text) {
  const elsewhere = await context.newPage();
  await elsewhere.setContent("<textarea></textarea>");
  const area = elsewhere.locator("textarea");
  await area.evaluate((element, value) => {
    element.value = value;
  }, text);
  await area.focus();
  await elsewhere.keyboard.press("Control+A");
  await elsewhere.keyboard.press("Control+C");
  await elsewhere.close();
}

async function paste(page, area, text) {
  await copy(page.context(), text);
  await page.bringToFront();
  await area.focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Control+V");
  await expect(area, "nothing of it is cut off").toHaveValue(text);
}

const composer = (page) => page.locator("#composer-text");

// D03
begun("12,000 characters can be pasted, and one more is refused and lost nowhere", async ({ page, watched }) => {
  watched.expected.push(/status of 422/);
  const [fits, over] = [long(MOST), long(MOST + 1)];
  await openToday(page);
  await paste(page, composer(page), fits);
  await expect(page.locator("#composer output")).toHaveText("12000 of 12000");
  await composer(page).press("Control+Enter");
  await expect(page.locator("article.entry")).toHaveCount(1);
  await expect(composer(page)).toHaveValue("");

  await paste(page, composer(page), over);
  await expect(page.locator("#composer output")).toHaveText("12001 of 12000");
  await composer(page).press("Control+Enter");
  await expect(page.locator("#composer .form__error")).toContainText("12001 characters, 1 more than an entry can hold");
  await expect(composer(page)).toHaveValue(over);
  await expect(page.locator("article.entry")).toHaveCount(1);

  // Who leaves at once finds it again, and nothing of it is left once a shorter one is saved.
  await page.goto("about:blank");
  await openToday(page);
  await expect(composer(page)).toHaveValue(over);
  await composer(page).press("Control+Enter");
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");
  await paste(page, composer(page), `Shorter. ${over.slice(0, 100)}`);
  await composer(page).press("Control+Enter");
  await expect(page.locator("article.entry")).toHaveCount(2);
  await page.reload();
  await expect(composer(page)).toHaveValue("");
});

// D03 (an edit)
begun("an edit takes 12,000 characters, and one more stays in the box, in a draft and after a cancel", async ({ page, watched }) => {
  watched.expected.push(/status of 422/);
  const [fits, over] = [long(MOST), long(MOST + 1)];
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  const area = entry.locator("textarea");
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await paste(page, area, over);
  await area.press("Control+Enter");
  await expect(entry.locator(".form__error")).toContainText("1 more than an entry can hold");
  await expect(area).toHaveValue(over);
  const note = entry.locator("[data-edit-draft]");
  await entry.getByRole("link", { name: "Cancel" }).click();
  await expect(entry.locator(".entry__body")).toHaveText("The tram was late.");
  await note.getByRole("link", { name: "Go on editing" }).click();
  await expect(area).toHaveValue(over);
  await page.goto("about:blank");
  await openToday(page);
  await note.getByRole("link", { name: "Go on editing" }).click();
  await expect(area).toHaveValue(over);

  await paste(page, area, fits);
  await area.press("Control+Enter");
  await expect(entry.locator(".entry__body")).toContainText("!");
  await expect(note).toHaveCount(0);
  await page.reload();
  await expect(note).toHaveCount(0);
});

// D06 (what stands in the box of a conflict is in no entry yet)
begun("a text that met another version is lost neither by leaving nor by cancelling", async ({ page, context, watched }) => {
  watched.expected.push(/status of 409/);
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  const id = await entry.getAttribute("data-entry-id");
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  const other = await context.newPage();
  await other.goto("/d/today");
  const there = other.locator(`article[data-entry-id="${id}"]`);
  await there.getByRole("link", { name: "Edit", exact: true }).click();
  await there.locator("textarea").fill("The first tab.");
  await there.getByRole("button", { name: "Save" }).click();
  await expect(there.locator(".entry__body")).toHaveText("The first tab.");
  await other.close();

  const area = entry.locator("textarea");
  await area.fill("The second tab.");
  await area.press("Control+Enter");
  await expect(entry.locator(".conflict__text")).toHaveText("The first tab.");
  await entry.getByRole("link", { name: "Cancel" }).click();
  await expect(entry.locator(".entry__body")).toHaveText("The first tab.");
  await entry.locator("[data-edit-draft]").getByRole("link", { name: "Go on editing" }).click();
  await expect(area).toHaveValue("The second tab.");
});

// D03 (a draft that is on its way)
begun("a draft that is on its way when the page closes is not cut off with it", async ({ page }) => {
  await openToday(page);
  // The first one never arrives, as if the page had gone while it was sent.
  await composer(page).evaluate((area) => {
    const { draft } = area.closest("[data-draft]").dataset;
    const real = window.fetch;
    window.fetch = (address, ...rest) => {
      if (window.hasBegun || !String(address).endsWith(draft)) return real(address, ...rest);
      window.hasBegun = true;
      return new Promise(() => {});
    };
  });
  await composer(page).fill("The last words before the train left.");
  await page.waitForFunction(() => window.hasBegun);
  await page.goto("about:blank");
  await expect(async () => {
    await openToday(page);
    await expect(composer(page)).toHaveValue("The last words before the train left.", { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
});

begun("what was written a moment before the page closes is there again", async ({ page }) => {
  for (const text of ["One line.", long(MOST)]) {
    await openToday(page);
    await composer(page).fill(text);
    await page.goto("about:blank");
    await expect(async () => {
      await openToday(page);
      await expect(composer(page)).toHaveValue(text, { timeout: 1_000 });
    }).toPass({ timeout: 30_000 });
  }
});

// Nine thousand characters of Japanese are more than a browser sends from a page that goes away.
begun("who closes a page whose text cannot be sent any more is asked", async ({ page }) => {
  await openToday(page);
  await composer(page).press("a");
  await composer(page).fill("\u{65e5}".repeat(9_000));
  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.dismiss();
  await expect(composer(page)).not.toHaveValue("");
});

begun.describe("without scripts", () => {
  begun.use({ javaScriptEnabled: false });

  // D03
  begun("12,001 characters come back in the box, of the day and of an edit", async ({ page, watched }) => {
    watched.expected.push(/status of 422/);
    const [fits, over] = [long(MOST), long(MOST + 1)];
    const area = page.locator("textarea[name=text]");
    const save = page.getByRole("button", { name: "Save", exact: true });
    await openToday(page);
    for (const place of ["the day", "the edit"]) {
      if (place === "the edit") await page.locator("article.entry").getByRole("link", { name: "Edit", exact: true }).click();
      await area.fill(over);
      await save.click();
      await expect(page.getByText("1 more than an entry can hold"), place).toBeVisible();
      await expect(area, place).toHaveValue(over);
      // Kept for later as well.
      await page.getByRole("button", { name: "Save draft" }).click();
      await expect(area, place).toHaveValue(over);
      await area.fill(fits);
      await save.click();
      await expect(page.locator("article.entry"), place).toHaveCount(1);
      await expect(area, `${place}: the draft went with it`).toHaveValue("");
      await expect(page.locator("[data-edit-draft]"), place).toHaveCount(0);
    }
  });
});
