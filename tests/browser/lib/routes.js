import { readFileSync } from "node:fs";

// The patterns of all pages, from the table of routes: `GET` rows of the kind `Page`; of those who are signed in, or of
// anybody.
export function pages(who = "\\w+") {
  const table = readFileSync(new URL("../../../src/routes.rs", import.meta.url), "utf8");
  const rows = new RegExp(`row!\\(GET\\s+"([^"]+)"\\s+${who}\\s[^\\n]*Kind::Page`, "g");
  return [...table.matchAll(rows)].map(([, pattern]) => pattern);
}
