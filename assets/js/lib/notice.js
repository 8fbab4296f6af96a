// Says something above the page, in text only. `link` is {href, label}; an empty href is this page.
export function notice(sentence, link) {
  const paragraph = document.createElement("p");
  paragraph.className = "notice notice--error";
  paragraph.append(sentence);
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href || location.pathname;
    anchor.textContent = link.label;
    paragraph.append(" ", anchor);
  }
  document.getElementById("notices")?.replaceChildren(paragraph);
}

// A message from the program has a button that takes it away.
export function dismissNotices() {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-dismiss]"))
      document.getElementById("notices")?.replaceChildren();
  });
}

// Says something to a screen reader only. A new node each time: the same words again are no change otherwise, and not
// heard.
export function announce(sentence) {
  document.getElementById("announcer")?.replaceChildren(document.createTextNode(sentence));
}
