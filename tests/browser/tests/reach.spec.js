import { expect, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";
import { pages } from "../lib/routes.js";

// Pages that no link leads to, and why.
const NO_LINK = {
  "/": "leads to today",
  "/register": "only for somebody without a journal",
  "/login": "only for somebody who is signed out, and after a new account",
  "/recover": "is offered on the sign-in page",
  "/older": "only when the file is older than what the browser saw",
  "/d/:date/opening": "a part of its day",
  "/d/:date/recap": "a part of its day",
  "/d/:date/recap/line": "a part of the calendar",
  "/entries/:id": "a part of its day",
  "/traces/:id/summary": "a part of the page of a trace",
  "/traces/:id/about": "a part of an opened chip",
  "/entries/:id/sending": "only with another program that may answer",
  "/replies/:id": "a part of its day",
  "/search/:n": "the way back to a search",
  "/ask/:n": "the answer to a question that was asked",
  "/d/:date/on-this-day": "only when other times have something to say",
  "/settings/model/work": "a part of the page about models",
  "/settings/data/import": "what was read of a file that was just given",
  "/settings/integrity": "only when something is wrong with the journal",
  "/settings/model/sent": "only when something was sent",
};

test("every page can be reached from today by links alone", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  await entry.getByRole("link", { name: "Edit", exact: true }).click();
  await entry.locator("textarea").fill("The tram was late, and I did not mind.");
  await entry.getByRole("button", { name: "Save" }).click();
  await entry.locator("trace-field summary").click();
  await entry.locator("input[name=name]").fill("tram");
  await entry.locator("input[name=name]").press("Enter");
  await expect(entry.locator("a[href^='/traces/']")).toHaveCount(1);

  const linked = pages("signed").filter((pattern) => !(pattern in NO_LINK));
  const matches = linked.map((pattern) => [pattern, new RegExp(`^${pattern.replace(/:\w+/g, "[^/]+")}$`)]);
  expect(matches.length).toBeGreaterThan(15);
  const seen = new Set();
  const waiting = ["/d/today"];
  const reached = new Map(matches.map(([pattern]) => [pattern, 0]));
  while (waiting.length > 0) {
    const address = waiting.shift();
    const [path] = address.split(/[?#]/);
    // Words before patterns: `/d/today` is no date.
    const [pattern] = matches.find(([, match]) => match.test(path)) ?? [];
    // A few of each kind are enough: every day links to others.
    if (!pattern || seen.has(path) || reached.get(pattern) >= 3) continue;
    seen.add(path);
    const answer = await page.request.get(address);
    expect(answer.status(), address).toBe(200);
    reached.set(pattern, reached.get(pattern) + 1);
    const links = [...(await answer.text()).matchAll(/<a[^>]* href="(\/[^"]*)"/g)].map(([, href]) => href.replaceAll("&amp;", "&"));
    waiting.push(...links);
  }
  expect([...reached].filter(([, count]) => count === 0).map(([pattern]) => pattern)).toEqual([]);
});
