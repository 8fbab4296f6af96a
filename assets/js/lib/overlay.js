import htmx from "htmx.org/dist/htmx.esm.js";

// A dialog with a part of the page of `address` in it. It closes with Escape, with its button and with a press beside
// it, and gives the focus back to what opened it.
async function openPart(address, title, kind) {
  if (document.querySelector("dialog[open]")) return;
  const dialog = document.createElement("dialog");
  dialog.className = `dialog dialog--${kind}`;
  dialog.setAttribute("aria-label", title);
  const place = document.createElement("div");
  dialog.append(place);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  await htmx.ajax("GET", address, { target: place, swap: "innerHTML" });
  // What came instead, because the session is over, stands above the page.
  if (!place.hasChildNodes()) return dialog.remove();
  if (kind === "keys") {
    const heading = document.createElement("h2");
    heading.className = "dialog__title";
    heading.textContent = title;
    dialog.prepend(heading);
  }
  dialog.append(closer(dialog));
  dialog.showModal();
  dialog.querySelector("[data-focus-first]")?.focus();
}

function closer(dialog) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button dialog__close";
  button.textContent = "Close";
  button.addEventListener("click", () => dialog.close());
  return button;
}

export function openCalendar() {
  const link = document.querySelector("[data-calendar]");
  if (link) openPart(link.getAttribute("href"), "Calendar", "calendar");
  else location.assign("/calendar");
}

export function openShortcuts() {
  openPart("/shortcuts", "Shortcuts", "keys");
}

// Links that open in place: the date, and the list of shortcuts. With a modifier key they are links as any other.
export function openInPlace() {
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const link = event.target instanceof Element && event.target.closest("[data-calendar], [data-shortcuts]");
    if (!link) return;
    event.preventDefault();
    link.closest("details[data-menu]")?.removeAttribute("open");
    if (link.hasAttribute("data-calendar")) openCalendar();
    else openShortcuts();
  });
}
