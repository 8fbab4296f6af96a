import { expect } from "../lib/fixtures.js";
import { allowUpstream, openToday, write } from "../lib/person.js";
import { BREAK, HOLD, withUpstream as test } from "../lib/upstream.js";

// No two alike, because what repeats itself is cut.
const MANY = Array.from({ length: 40 }, (_, n) => `word${n} `);

// Keeps what a screen reader is told from here on: each text that comes into a place which is read out when it changes.
async function listen(page) {
  await page.evaluate(() => {
    const LIVE = "[role=status], [role=alert], [role=log], output, [aria-live]";
    const MUTE = "[aria-live=off]";
    window.heard = [];
    const look = (node) => {
      const place = (node instanceof Element ? node : node.parentElement)?.closest(LIVE);
      const inside = node instanceof Element ? [...node.querySelectorAll(LIVE)] : [];
      for (const live of place ? [place] : inside)
        if (!live.matches(MUTE) && live.textContent.trim()) window.heard.push(live.textContent.trim());
    };
    new MutationObserver((changes) => {
      for (const { type, target, addedNodes } of changes)
        for (const node of type === "characterData" ? [target] : addedNodes) look(node);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

const heard = (page) => page.evaluate(() => window.heard.splice(0));

// This and nothing more: another turn of everything that was begun, and the answer to one more request, are over.
async function expectHeard(page, said, what) {
  await expect.poll(() => page.evaluate(() => window.heard.length), what).toBeGreaterThan(0);
  await page.evaluate(() => fetch("/healthz").then((answer) => answer.text()));
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
  expect(await heard(page), what).toEqual([said]);
}

// D63
test("a screen reader hears once of each reply that it has ended, and how", async ({ page, upstream, watched }) => {
  await allowUpstream(page, watched, upstream.host);
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  await openToday(page);
  await listen(page);
  const replies = entry.locator("[data-reply-id]");
  const ask = async (state) => {
    await entry.getByRole("button", { name: "Ask for a reply" }).click();
    await expect(replies.last()).toHaveAttribute("data-state", state);
    return replies.last();
  };
  const remove = async () => {
    await replies.last().getByRole("button", { name: "Move reply to the trash" }).click();
    await expect(replies).toHaveCount(0);
  };

  // The other program answers at once: the reply may be whole before the page can show that it runs.
  for (const what of ["the first", "the same words once more"])
    await test.step(what, async () => {
      await ask("complete");
      await expectHeard(page, "The reply has ended.", what);
      await remove();
    });

  await test.step("its entry is edited meanwhile", async () => {
    upstream.say([...MANY, HOLD, "end"]);
    await ask("streaming");
    await entry.getByRole("link", { name: "Edit", exact: true }).click();
    await expect(entry.locator("textarea")).toBeFocused();
    upstream.goOn();
    await entry.getByRole("link", { name: "Cancel" }).click();
    await expect(replies).toHaveAttribute("data-state", "complete");
    await expectHeard(page, "The reply has ended.", "edited");
    await remove();
  });

  await test.step("stopped by hand", async () => {
    upstream.say([...MANY, HOLD]);
    const reply = await ask("streaming");
    await reply.getByRole("button", { name: "Stop" }).click();
    await expect(reply).toHaveAttribute("data-state", "stopped");
    await expectHeard(page, "The reply was stopped.", "stopped");
  });

  await test.step("it breaks off", async () => {
    upstream.say([...MANY, BREAK]);
    await entry.getByRole("button", { name: "Try again" }).click();
    await expect(replies.last()).toHaveAttribute("data-state", "failed");
    await expectHeard(page, "The reply failed.", "broken off");
  });

  await test.step("one that had ended before is not told of", async () => {
    const id = await entry.getAttribute("data-entry-id");
    for (const place of ["/d/today", `/entries/${id}/edit`]) {
      await page.goto(place);
      await listen(page);
      if (place === "/d/today") await entry.getByRole("link", { name: "Edit", exact: true }).click();
      await entry.getByRole("link", { name: "Cancel" }).click();
      await expect(replies.last()).toBeVisible();
      await page.evaluate(() => new Promise((done) => setTimeout(done)));
      expect(await heard(page), place).toEqual([]);
    }
  });
});

// D63 (what is written stands where no word of it is read out)
test("no word of a reply is read out while it comes", async ({ page, upstream, watched }) => {
  await allowUpstream(page, watched, upstream.host);
  await openToday(page);
  const entry = await write(page, "The tram was late.");
  await openToday(page);
  upstream.say([...MANY.slice(0, 20), HOLD, ...MANY.slice(20)]);
  await entry.getByRole("button", { name: "Ask for a reply" }).click();
  const reply = entry.locator("[data-reply-id]");
  await expect(reply).toHaveAttribute("aria-busy", "true");
  await listen(page);
  // Another part of the page changes meanwhile.
  await write(page, "Rain.");
  upstream.goOn();
  await expect(reply).toHaveAttribute("data-state", "complete");
  await expect.poll(() => page.evaluate(() => window.heard.join())).toContain("reply");
  const all = await heard(page);
  expect(all.filter((said) => said.includes("word"))).toEqual([]);
  expect(all.filter((said) => said.includes("reply"))).toEqual(["The reply has ended."]);
});
