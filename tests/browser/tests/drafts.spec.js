import { expectAccessible } from "../lib/axe.js";
import { begun, expect, test } from "../lib/fixtures.js";
import { register, openToday, write } from "../lib/person.js";

const kept = (page) => page.waitForResponse((answer) => answer.url().endsWith("/draft") && answer.status() === 204);

// proves: RR-29 (an edit, in the browser)
test("an edit that was not saved is offered again after a reload, a crash and a cancel", async ({ page, program, watched }) => {
  watched.expected.push(/ERR_CONNECTION_REFUSED/, /Failed to fetch/, /409/);
  await register(page);
  const entry = await write(page, "The tram was late.");
  const note = entry.locator("[data-edit-draft]");
  const edit = async (text) => {
    await entry.getByRole("link", { name: "Edit", exact: true }).click();
    await entry.locator("textarea").fill(text);
  };
  const draft = kept(page);
  await edit("The tram was late, and I");
  await draft;
  await expect(entry.locator(".composer__status")).toHaveText("Draft kept");
  // As when the browser ends at once: nothing is asked, nothing is sent any more.
  await page.goto("about:blank");
  await page.goto("/d/today");
  await expect(entry.locator(".entry__body")).toHaveText("The tram was late.");
  await note.getByRole("link", { name: "Go on editing" }).click();
  await expect(entry.locator("textarea")).toHaveValue("The tram was late, and I");
  await expect(entry.locator(".composer__status")).toContainText(/^Draft kept \d/);

  // Escape and Cancel leave the edit, not the text, however fresh it is.
  await entry.locator("textarea").fill("The tram was late, and I did not mind");
  await entry.locator("textarea").press("Escape");
  await expect(note).toBeVisible();
  await note.getByRole("link", { name: "Go on editing" }).click();
  await expect(entry.locator("textarea")).toHaveValue("The tram was late, and I did not mind");

  // Changed in another tab: both texts are there, and the one that is saved last is the whole.
  const id = await entry.getAttribute("data-entry-id");
  const csrf = await entry.locator("form input[name=csrf]").first().inputValue();
  await page.evaluate(
    ([address, token]) =>
      fetch(address, {
        method: "POST",
        body: new URLSearchParams({ csrf: token, revision: "1", text: "The tram was early." }),
        redirect: "manual",
      }),
    [`/entries/${id}`, csrf],
  );
  await program.restart();
  await page.goto("/login");
  await page.locator("input[name=username]").fill("Margarethe");
  await page.locator("input[name=password]").fill("seven herons over the dyke");
  await page.locator("main form .button--primary").click();
  await expect(entry.locator(".entry__body")).toHaveText("The tram was early.");
  await note.getByRole("link", { name: "Go on editing" }).click();
  await expect(entry.locator(".conflict__text")).toHaveText("The tram was early.");
  await expect(entry.locator("textarea")).toHaveValue("The tram was late, and I did not mind");
  await entry.locator("textarea").fill("The tram was early, and I did not mind.");
  await entry.getByRole("button", { name: "Save" }).click();
  await expect(entry.locator(".entry__body")).toHaveText("The tram was early, and I did not mind.");
  await expect(note).toHaveCount(0);
  await page.reload();
  await expect(note).toHaveCount(0);

  // An edit without a change leaves nothing, and a draft can be discarded.
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.getByRole("link", { name: "Cancel" }).click();
  await expect(entry.locator(".entry__body")).toBeVisible();
  await expect(note).toHaveCount(0);
  await edit("Something else");
  await entry.getByRole("link", { name: "Cancel" }).click();
  await note.getByRole("button", { name: "Discard" }).click();
  await expect(note).toHaveCount(0);
  await expect(entry.locator(".entry__body")).toHaveText("The tram was early, and I did not mind.");
});

begun("a text that was changed in its middle just before it was saved leaves no draft behind", async ({ page }) => {
  await openToday(page);
  const draft = kept(page);
  await page.locator("#composer-text").fill("Snow on the bridge, nobody about");
  await draft;
  await expect(page.locator("#composer .composer__status")).toHaveText("Draft kept");
  await write(page, "Snow on the old bridge, nobody about");
  await page.reload();
  await expect(page.locator("#composer-text")).toHaveValue("");
});

begun("what is typed without a pause is kept while it is typed", async ({ page }) => {
  await openToday(page);
  const sent = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/draft")) sent.push(new URLSearchParams(request.postData()).get("text"));
  });
  await page.locator("#composer-text").focus();
  await page.keyboard.type("and then ".repeat(10), { delay: 100 });
  expect(sent.length, "kept meanwhile, and not only after a rest").toBeGreaterThan(1);
  expect(sent[0].length).toBeLessThan(60);
});

// The window that was closed first, and the one that was open all along.
begun("what two windows hold of one day is kept apart, and both are offered", async ({ page, context }) => {
  await openToday(page);
  const other = await context.newPage();
  await other.goto("/d/today");
  const first = kept(other);
  await other.locator("#composer-text").fill("The ferry was full.");
  await first;
  await other.close();
  const second = kept(page);
  await page.locator("#composer-text").fill("Call the dentist.");
  await second;
  await page.reload();
  await expect(page.locator("#composer-text")).toHaveValue("Call the dentist.");
  await page.getByRole("link", { name: "Show it" }).click();
  await expect(page.locator("#composer-text")).toHaveValue("The ferry was full.");
  await expect(page.locator("#composer-status")).toHaveText(/^Draft kept \d/);
  await expectAccessible(page, "two drafts");
  await page.locator("#composer-save").click();
  await expect(page.locator("#composer-status")).toHaveText(/^Saved /);
  await page.getByRole("link", { name: "Show it" }).click();
  await expect(page.locator("#composer-text")).toHaveValue("Call the dentist.");
  await expect(page.locator(".composer__more")).toHaveCount(0);
});

begun("an edit whose draft cannot be kept is left at the second press, and says so at the first", async ({ page, watched }) => {
  watched.expected.push(/ERR_FAILED|Failed to fetch/);
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  await page.route("**/draft", (route) => route.abort());
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill("The tram was late, and I");
  const cancel = entry.getByRole("link", { name: "Cancel" });
  await cancel.click();
  await expect(entry.locator(".composer__status")).toContainText("Cancel once more to leave without it");
  await expect(entry.locator("textarea")).toHaveValue("The tram was late, and I");
  await cancel.click();
  await expect(entry.locator(".entry__body")).toHaveText("The tram was late.");
});
