import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "@playwright/test";

// Nothing that axe calls serious or critical on this page.
export async function expectAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter((found) => found.impact === "serious" || found.impact === "critical");
  const told = grave.map((found) => `${found.id}: ${found.nodes.map((node) => node.html).join(" | ")}`);
  expect(told, what).toEqual([]);
}
