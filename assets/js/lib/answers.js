import { notice } from "./notice.js";
import { renewToken } from "./token.js";

// A whole page in answer to a request for a part means that the session ended or the server restarted.
// Swapping it in would bury unsaved text, so the page stays and says what happened.
export function keepPageOnFullAnswers() {
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (!/^\s*<!doctype/i.test(ctx.text ?? "")) return;
    event.preventDefault();
    notice("This page is out of date. Your text is still here.", { href: "", label: "Load it again" });
  });

  document.addEventListener("htmx:after:request", (event) => renewToken(event.detail.ctx.response?.headers));

  document.addEventListener("htmx:error", (event) => {
    if (!event.detail.ctx?.request) return;
    notice("The journal did not answer. Nothing on this page was lost; try again in a moment.");
  });
}

// When more of a list has come, the address says up to where it is shown, so that going back shows as much.
export function keepPlaceInLists() {
  document.addEventListener("htmx:before:swap", ({ defaultPrevented, detail }) => {
    const { upto } = detail.ctx.sourceElement?.dataset ?? {};
    if (upto && !defaultPrevented) history.replaceState(null, "", upto);
  });
}
