const TYPING = "input, textarea, select, [contenteditable]";

// "/" goes to the search field, or to the page that has one.
export function slashOpensSearch() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    const field = document.querySelector("input[name=q]:not([type=hidden])");
    const link = document.querySelector("[aria-keyshortcuts='/']");
    if (!field && !link) return;
    event.preventDefault();
    if (field) field.focus();
    else link.click();
  });
}
