import { resolve } from "node:path";
import { expectAccessible } from "../lib/axe.js";
import { expect, PASSWORD, begun as base } from "../lib/fixtures.js";
import { ModelServer } from "../lib/model-server.js";
import { ENDED, ask, modelIsReady, openToday, write } from "../lib/person.js";

// The model that comes with the program, under another name: a second one that surely works.
const FILE = resolve(process.env.LLAMORA_MODELS__DIR ?? "../../models", "SmolLM2-135M-Instruct.Q4_1.gguf");

const test = base.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  server: async ({}, use) => {
    const server = await new ModelServer().start(FILE);
    await use(server);
    await server.end();
  },
});

async function fetchFrom(page, watched, url) {
  // The page that asks for the password is answered 403.
  watched.expected.push(/status of 403/);
  await page.getByLabel("A GGUF file on the internet, by its address").fill(url);
  await page.getByRole("button", { name: "Fetch it" }).click();
  // An address of one's own choice needs the password typed again.
  await page.locator("input[name=current_password]").fill(PASSWORD);
  await page.getByRole("button", { name: "Fetch it" }).click();
}

test("a download breaks off, goes on, and its model takes over without a restart", async ({ page, server, watched }) => {
  await openToday(page);
  await modelIsReady(page);
  await page.goto("/settings/model");
  await expect(page.locator("[data-model-file][data-used]")).toContainText("answers now");
  await expectAccessible(page, "the page about models");

  await fetchFrom(page, watched, server.url("second.gguf"));
  const line = page.locator("[data-work=files]");
  await expect(line).toContainText(/Fetching second\.gguf/);
  await expect(line).toContainText(/\d+\.\d MB of 98\.\d MB/);
  // The line is drawn anew each second; whoever stands on its button stays there.
  const stop = line.getByRole("button", { name: /^Stop: / });
  await stop.focus();
  await stop.evaluate((button) => {
    window.before = button;
  });
  await expect.poll(() => page.evaluate(() => window.before.isConnected)).toBe(false);
  await expect(stop).toBeFocused();
  server.letGo();
  const failed = page.locator("[data-outcome=error]");
  await expect(failed).toContainText(/broke off\. What has come, 49\.\d MB, is kept/, { timeout: 30_000 });
  await expect(page.locator("[data-work]")).toHaveCount(0);

  server.broken = false;
  await failed.getByRole("button", { name: "Go on with it" }).click();
  const done = page.locator("[data-outcome=done]");
  await expect(done).toContainText(/second\.gguf is here now, 98\.\d MB/, { timeout: 60_000 });
  expect(server.asked.at(-1)).toBeGreaterThan(40_000_000);

  await done.getByRole("button", { name: "Use it now" }).click();
  await expect(page.locator("[data-outcome=done]").first()).toContainText("second answers from now on.", {
    timeout: 60_000,
  });
  await expect(page.locator("[data-model-file='second.gguf']")).toContainText("answers now");

  await page.goto("/d/today");
  const entry = await write(page, "We planted tomatoes and the rain came in time.");
  const reply = await ask(page, entry);
  await expect(reply).toHaveAttribute("data-state", ENDED, { timeout: 120_000 });
  await expect(reply).toContainText("by second");

  await page.goto("/settings/model");
  await page.getByRole("button", { name: "Measure how fast it is here" }).click();
  await expect(page.locator("[data-outcome=done]").first()).toContainText(/second was measured: a usual reply takes/, {
    timeout: 120_000,
  });
  await page.goto("/d/today");
  await expect(entry.locator(".tool__note")).toContainText("on this machine");
});

test("a model is removed after a question, and with the model off none is shown", async ({ page, server, watched }) => {
  server.broken = false;
  await openToday(page);
  await page.goto("/settings/model");
  await fetchFrom(page, watched, server.url("second.gguf"));
  await expect(page.locator("[data-outcome=done]")).toContainText("second.gguf is here now", { timeout: 60_000 });
  const row = page.locator("[data-model-file='second.gguf']");
  await row.getByText("Remove").click();
  await row.getByRole("button", { name: "Delete the file" }).click();
  await expect(page.locator("[data-outcome=done]")).toContainText("second.gguf is removed.");
  await expect(row).toHaveCount(0);
  await page.getByRole("button", { name: "Switch the model off" }).click();
  await expect(page.locator("[data-model=off]")).toBeVisible();
  await expect(page.locator("[data-model-file], #own-title")).toHaveCount(0);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a download is followed to its end", async ({ page, server, watched }) => {
    server.broken = false;
    await openToday(page);
    await page.goto("/settings/model");
    await fetchFrom(page, watched, server.url("second.gguf"));
    await expect(page.locator("[data-outcome=done]")).toContainText("second.gguf is here now", { timeout: 60_000 });
  });
});
