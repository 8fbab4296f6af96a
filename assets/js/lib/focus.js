// Only the page and the text: everything else steps back until Escape, the button or the key is pressed again.
const root = document.documentElement;

export function toggleFocusMode() {
  const box = document.getElementById("composer-text");
  if (!box && !root.hasAttribute("data-focus")) return;
  if (root.toggleAttribute("data-focus")) box?.focus();
}

export function offerFocusMode() {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-focus-mode]")) toggleFocusMode();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.hasAttribute("data-focus") && !document.querySelector("dialog[open]"))
      toggleFocusMode();
  });
}
