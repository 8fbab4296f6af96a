import { fetchPart, showPart } from "../lib/part.js";

const PAUSE = 120; // milliseconds

// Around the field of a new trace: offers known names beneath it. Arrow keys go through them, Enter takes the chosen
// one, Escape lets go of it and then closes. What is typed is never completed. Without scripts the field is a form.
export class TraceFieldElement extends HTMLElement {
  #listeners;
  #timer;
  #asked = 0;

  static define() {
    customElements.define("trace-field", TraceFieldElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.#details.addEventListener("toggle", () => this.#opened(), { signal });
    this.addEventListener("input", () => this.#later(), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    // Before the field loses the focus.
    this.addEventListener(
      "mousedown",
      (event) => event.target.closest("[data-name]") && event.preventDefault(),
      {
        signal,
      },
    );
    this.addEventListener("click", (event) => this.#take(event.target.closest("[data-name]")), { signal });
    const field = this.#field;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-expanded", "false");
    if (this.#details.open) this.#opened();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#listeners.abort();
  }

  // Private

  get #details() {
    return this.querySelector("details");
  }

  get #field() {
    return this.querySelector("input[name=name]");
  }

  get #names() {
    return [...this.querySelectorAll("[data-name]")];
  }

  get #chosen() {
    return this.querySelector('[aria-selected="true"]');
  }

  #opened() {
    if (!this.#details.open) return;
    this.#field.focus();
    this.#ask();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE);
  }

  async #ask() {
    this.#asked += 1;
    const number = this.#asked;
    const form = this.querySelector("form");
    const { csrf, name } = Object.fromEntries(new FormData(form));
    const text = await fetchPart(`${form.getAttribute("action")}/offer`, { csrf, name });
    // An older answer, or one for a page that is gone; without an answer the field is a field.
    if (text === null || number !== this.#asked || !this.isConnected) return;
    await showPart(text, this.querySelector("[data-offer]"));
    const list = this.querySelector('[role="listbox"]');
    const field = this.#field;
    field.setAttribute("aria-expanded", String(Boolean(list)));
    field.removeAttribute("aria-activedescendant");
    if (list) field.setAttribute("aria-controls", list.id);
    else field.removeAttribute("aria-controls");
  }

  #key(event) {
    if (event.isComposing || event.target !== this.#field) return;
    const names = this.#names;
    const at = names.indexOf(this.#chosen);
    if (event.key === "ArrowDown" && names.length) this.#choose(names[(at + 1) % names.length]);
    else if (event.key === "ArrowUp" && names.length) this.#choose(names.at(at > 0 ? at - 1 : -1));
    else if (event.key === "Enter" && at >= 0) this.#take(names[at]);
    else if (event.key === "Escape" && at >= 0) this.#choose(null);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
  }

  #choose(name) {
    this.#chosen?.setAttribute("aria-selected", "false");
    name?.setAttribute("aria-selected", "true");
    name?.scrollIntoView({ block: "nearest" });
    if (name) this.#field.setAttribute("aria-activedescendant", name.id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #take(name) {
    if (!name) return;
    this.#field.value = name.dataset.name;
    this.querySelector("form").requestSubmit();
  }

  #close() {
    this.#details.open = false;
    this.querySelector("summary").focus();
  }
}
