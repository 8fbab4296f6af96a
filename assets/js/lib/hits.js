import { askForPart, replaceWithPart } from "./part.js";

const STOPS = ".hit__link, [data-more]";

// The arrow keys go from the box into the results, through them and back; Escape leads back to the box.
export function moveThroughHits(root, field, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing) return;
  const stops = [...root.querySelectorAll(STOPS)];
  const at = stops.indexOf(document.activeElement);
  if (at < 0 && document.activeElement !== field) return;
  let next;
  if (event.key === "ArrowDown") next = stops[at + 1];
  else if (event.key === "ArrowUp" && at >= 0) next = at === 0 ? field : stops[at - 1];
  else if (event.key === "Escape" && at >= 0) next = field;
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// Puts the next results in place of the link that leads to them; answers how many they are. The address then says up to
// which page results are shown, so that going back shows as many.
export async function showMore(link) {
  const answer = await askForPart(link.href, { method: "GET" });
  if (answer.status !== 200 || !link.isConnected) {
    location.assign(link.href);
    return 0;
  }
  const list = link.closest("ol");
  const before = list.querySelectorAll(".hit__link").length;
  const hadFocus = document.activeElement === link;
  await replaceWithPart(answer.text, link.closest("li"));
  const hits = [...list.querySelectorAll(".hit__link")].slice(before);
  if (hadFocus) hits[0]?.focus();
  history.replaceState(null, "", link.href.replace("page=", "upto="));
  return hits.length;
}
