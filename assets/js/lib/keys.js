const TYPING = "input, textarea, select, [contenteditable]";

// "/" goes to the search box, or to the page that has one.
export function slashOpensSearch() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    const places = [...document.querySelectorAll("[aria-keyshortcuts='/']")];
    const place = places.find((element) => element.checkVisibility());
    if (!place) return;
    event.preventDefault();
    if (!place.matches("input")) return place.click();
    place.focus();
    place.select();
  });
}
