import { expect, begun as test } from "../lib/fixtures.js";
import { openToday, write } from "../lib/person.js";

// Presses with the keyboard, as somebody does who has no pointer.
async function press(page, control) {
  await control.focus();
  await page.keyboard.press("Enter");
}

// D60 (the focus is given back where a part of the page was replaced)
test("what is pressed with the keyboard never loses the focus", async ({ page }) => {
  await openToday(page);
  const entry = await write(page, "We swam in the cold lake.");
  const tool = (name) => entry.getByRole("button", { name, exact: true });
  const edit = entry.getByRole("link", { name: "Edit", exact: true });
  await press(page, edit);
  await expect(entry.locator("textarea")).toBeFocused();
  await press(page, entry.getByRole("link", { name: "Cancel" }).or(tool("Cancel")));
  await expect(edit).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(entry.locator("textarea")).toBeFocused();
  await entry.locator("textarea").fill("We swam in the icy lake.");
  await page.keyboard.press("Control+Enter");
  await expect(entry.locator(".entry__body")).toContainText("icy");
  await expect(edit).toBeFocused();

  await press(page, entry.locator("summary", { hasText: "Add a trace" }));
  await expect(entry.getByLabel("A word or an emoji")).toBeFocused();
  await page.keyboard.type("lake");
  await page.keyboard.press("Enter");
  await expect(entry.locator(".chip")).toHaveCount(1);
  await press(page, tool("Take away the trace lake"));
  await expect(tool("Undo")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(tool("Take away the trace lake")).toBeFocused();

  await press(page, tool("Move to the trash"));
  await expect(tool("Undo")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(tool("Move to the trash")).toBeFocused();

  await page.goto("/calendar");
  await press(page, page.locator("summary", { hasText: "Another month" }));
  await press(page, page.getByRole("button", { name: "Show" }));
  await expect(page.locator("[role=gridcell] a[tabindex='0']")).toBeFocused();
});
