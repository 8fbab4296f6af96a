import { expect } from "@playwright/test";
import { allowUpstream, openToday, write } from "./person.js";

const TEXT = "# Heading\n\nText with `code`, a [link](/d/today), and\n\n> a quotation\n\n- [x] done";
const LONG =
  "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. " +
  "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. " +
  "I must call the bank about the letter. The radio told of snow in the mountains, and nobody believed it.";

// A journal with something on every page; answers the addresses of patterns with parameters.
// `look` sees what is there only for a while. `mark` is added to every text.
export async function lived(page, upstream, watched, { look = async () => {}, mark = "" } = {}) {
  await allowUpstream(page, watched, upstream.host);
  await openToday(page);
  const date = new URL(page.url()).pathname.slice(3);
  const past = new Date(Date.parse(date) - 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  for (const day of [past, `2020${date.slice(4)}`]) {
    await page.goto(`/d/${day}`);
    await write(page, LONG.replaceAll("garden with", `garden ${mark} with`));
  }
  await page.reload();
  await openToday(page);
  const entry = await write(page, `The tram was late. ${mark}`);
  const id = await entry.getAttribute("data-entry-id");
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill(`${TEXT}\n\n${mark}`);
  await entry.getByRole("button", { name: "Save" }).click();
  await entry.locator("trace-field summary").click();
  await entry.locator("input[name=name]").fill("tram");
  await entry.locator("input[name=name]").press("Enter");
  const chip = entry.locator("a[href^='/traces/']");
  await expect(chip).toHaveCount(1);
  const trace = await chip.getAttribute("href");
  await entry.getByRole("button", { name: "Ask for a reply" }).click();
  const reply = entry.locator("[data-reply-id]");
  await expect(reply).toHaveAttribute("data-state", "complete", { timeout: 30_000 });
  const answer = await reply.getAttribute("data-reply-id");
  // A draft of the edit, and one of the day.
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill(`${TEXT} and more ${mark}`);
  await entry.getByRole("link", { name: "Cancel" }).click();
  await expect(entry.locator("[data-edit-draft]")).toBeVisible();
  const gone = await write(page, `Better not. ${mark}`);
  await gone.getByRole("button", { name: "Move to the trash" }).click();
  await expect(gone).toContainText("Moved to the trash");
  await look("an entry that was just moved to the trash");
  const kept = page.waitForResponse((answer) => answer.url().endsWith("/draft") && answer.ok());
  await page.locator("#composer-text").fill(`Half a sentence ${mark}`);
  await kept;
  await page.goto("/search");
  await page.locator("main input[name=q]").fill("quotation");
  await page.locator("main input[name=q]").press("Enter");
  await expect(page.locator("#results [data-entry-id]").first()).toBeVisible();
  await look("results");
  if (mark) {
    await page.locator("main input[name=q]").fill(mark);
    await page.locator("main input[name=q]").press("Enter");
    await expect(page.locator("#results")).toContainText("tomatoes");
  }
  await page.goto("/ask");
  await page.getByLabel("Your question").fill(`Who brought tomatoes from her own garden? ${mark}`.trim());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/ask\/\d+$/);
  const asked = new URL(page.url()).pathname;
  const month = date.slice(0, 7);
  return {
    "/d/:date": [`/d/${date}`, `/d/${past}`, "/d/2020-02-29", "/d/2099-01-01"],
    "/d/:date/recap": [`/d/${past}/recap`],
    "/d/:date/recap/line": [`/d/${past}/recap/line`],
    "/d/:date/opening": [`/d/${date}/opening`],
    "/d/:date/on-this-day": [`/d/${date}/on-this-day`],
    "/calendar/:year": [`/calendar/${date.slice(0, 4)}`],
    "/calendar/:year/:month": [`/calendar/${month.replace("-", "/")}`],
    "/review/:period": [`/review/${month}`, "/review/2020-W10"],
    "/entries/:id": [`/entries/${id}`],
    "/entries/:id/edit": [`/entries/${id}/edit`],
    "/entries/:id/versions": [`/entries/${id}/versions`],
    "/entries/:id/sending": [`/entries/${id}/sending`],
    "/replies/:id": [`/replies/${answer}`],
    "/traces/:id": [trace],
    "/traces/:id/about": [`${trace}/about`],
    "/traces/:id/summary": [`${trace}/summary`],
    "/ask/:n": [asked],
    "/search/:n": ["/search/1"],
  };
}
