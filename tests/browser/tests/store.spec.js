import { renameSync } from "node:fs";
import { join } from "node:path";
import { expect, begun as test } from "../lib/fixtures.js";
import { look } from "../lib/look.js";
import { openToday, write } from "../lib/person.js";

const TYPED = "Typed while the journal was away.";

// The journal's file is moved away under an open page, as when a stick is pulled out, and comes back (RR-05, RR-07).
test("a journal that is out of reach says so within 5 seconds and costs no text", async ({ page, program, watched }) => {
  watched.expected.push(/status of 503/);
  const file = join(program.data, "journal.llamora");
  await openToday(page);
  await write(page, "Written before.");
  const banner = page.locator("#store-note");
  await expect(banner).toBeHidden();
  const area = page.locator("#composer textarea[name=text]");
  await area.fill(TYPED);

  renameSync(file, `${file}.away`);
  await expect(banner).toContainText("not in its place", { timeout: 5_000 });
  await page.locator("#composer-save").click();
  await expect(page.locator("#notices")).toContainText("not in its place");
  await expect(area).toHaveValue(TYPED);
  await expect(page.locator("#composer")).toHaveAttribute("data-state", "failed");

  await look(page, "banner");

  renameSync(`${file}.away`, file);
  await expect(banner).toBeHidden({ timeout: 5_000 });
  await page.locator("#composer-save").click();
  await expect(page.locator("article.entry")).toHaveCount(2);
  await expect(page.locator("article.entry").last()).toContainText(TYPED);
  await expect(area).toHaveValue("");
});
