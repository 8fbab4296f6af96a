const BEGUN = /(?<![\p{L}\p{N}:])(:[a-z]{2,})(:?)$/u;
const MOST = 6;

let table; // the names, fetched when the first one is begun

async function load(address) {
  const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
  const lines = answer.ok ? (await answer.text()).split("\n") : [];
  return lines.filter((line) => line && !line.startsWith("#")).map((line) => line.split(" "));
}

function names(address) {
  table ??= load(address).catch(() => {
    table = undefined;
    return [];
  });
  return table;
}

// Offers emoji for a name that is begun with a colon in a text box. Nothing is put in before it is chosen: with the
// arrow keys and Enter, with a press, or by closing the name with a second colon. Undo brings the letters back.
export function offerEmoji(area, address, signal) {
  const list = document.createElement("ul");
  list.id = `${area.id}-emoji`;
  list.className = "emoji";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Emoji");
  area.after(list);
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);

  const chosen = () => list.querySelector("[aria-selected=true]");
  const begun = () =>
    area.selectionStart === area.selectionEnd && BEGUN.exec(area.value.slice(0, area.selectionEnd));

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    if (option) area.setAttribute("aria-activedescendant", option.id);
    else area.removeAttribute("aria-activedescendant");
  };

  const close = () => {
    choose(null);
    list.hidden = true;
    list.replaceChildren();
  };

  const put = (emoji, letters) => {
    close();
    area.focus();
    area.setSelectionRange(area.selectionEnd - letters, area.selectionEnd);
    // The one way that leaves the box its undo.
    if (!document.execCommand("insertText", false, emoji))
      area.setRangeText(emoji, area.selectionStart, area.selectionEnd, "end");
  };

  const option = ([name, emoji], number) => {
    const item = document.createElement("li");
    item.id = `${list.id}-${number}`;
    item.className = "emoji__name";
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.emoji = emoji;
    const sign = document.createElement("span");
    sign.textContent = emoji;
    sign.setAttribute("aria-hidden", "true");
    item.append(sign, ` ${name}`);
    return item;
  };

  // A name is closed by typing its colon; one in a text that is pasted is that text's.
  const look = async ({ data }) => {
    if (!begun()) return close();
    const all = await names(address);
    const now = begun();
    if (!now || !area.isConnected) return close();
    const [, opened, closing] = now;
    const typed = opened.slice(1);
    const exact = all.find(([name]) => name === typed);
    if (closing) return exact && data === ":" ? put(exact[1], opened.length + 1) : close();
    const found = all.filter(([name]) => name.startsWith(typed)).sort((a, b) => a[0].length - b[0].length);
    close();
    list.append(...found.slice(0, MOST).map(option));
    list.hidden = found.length === 0;
    list.scrollIntoView({ block: "nearest" });
  };

  const key = (event) => {
    if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    const options = [...list.children];
    const at = options.indexOf(chosen());
    if (event.key === "ArrowDown") choose(options[(at + 1) % options.length]);
    else if (event.key === "ArrowUp" && at >= 0) choose(options.at(at - 1));
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0)
      put(options[at].dataset.emoji, begun()[1].length);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };

  area.addEventListener("input", look, { signal });
  area.addEventListener("keydown", key, { signal });
  area.addEventListener("blur", close, { signal });
  // The box keeps the focus.
  list.addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
  list.addEventListener(
    "click",
    ({ target }) => {
      const option = target.closest("[data-emoji]");
      if (option && begun()) put(option.dataset.emoji, begun()[1].length);
    },
    { signal },
  );
  signal.addEventListener("abort", () => list.remove());
}
