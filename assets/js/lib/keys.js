import { toggleFocusMode } from "./focus.js";
import { openCalendar, openShortcuts } from "./overlay.js";

const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], dialog";

const follow = (selector) => document.querySelector(selector)?.click();

// What single keys do while no text is being typed. A person can switch them off: then the page has no `data-keys`.
const SHORTCUTS = {
  "/": search,
  n: () => document.getElementById("composer-text")?.focus(),
  t: () => location.assign("/d/today"),
  j: () => follow("a[rel=prev]"),
  k: () => follow("a[rel=next]"),
  c: openCalendar,
  e: () => follow("[data-down]"),
  f: toggleFocusMode,
  "?": openShortcuts,
};

export function listenForShortcuts() {
  if (!document.body.hasAttribute("data-keys") || !document.body.hasAttribute("data-signed-in")) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    const act = Object.hasOwn(SHORTCUTS, event.key) && SHORTCUTS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// The search field that can be seen, or the way to the page that has one.
function search() {
  const places = document.querySelectorAll("[aria-keyshortcuts='/']");
  const place = [...places].find((element) => element.checkVisibility());
  if (!place?.matches("input")) return place?.click();
  place.focus();
  place.select();
}
