import { fetchPart, showPart } from "../lib/part.js";
import { post } from "../lib/post.js";

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
    this.addEventListener("mousedown", (event) => this.#pressed(event), { signal });
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
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

  get #form() {
    const form = this.querySelector("form");
    return { action: form.getAttribute("action"), ...Object.fromEntries(new FormData(form)) };
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
    // What was refused says why already.
    if (!this.querySelector(".form__error")) this.#ask();
  }

  // The field keeps the focus.
  #pressed(event) {
    if (event.target.closest("[data-name]")) event.preventDefault();
  }

  #clicked(event) {
    const name = event.target.closest("[data-name]");
    const model = event.target.closest("[data-ask-model]");
    if (model) this.#askModel(model);
    else if (event.target.closest("[data-refuse]")) this.#refuse(name);
    else this.#take(name);
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE);
  }

  // Takes a while; whoever types meanwhile goes on.
  #askModel(button) {
    button.disabled = true;
    button.textContent = button.dataset.waits;
    this.#field.focus();
    this.#ask("labels");
  }

  async #ask(what = "offer") {
    const number = ++this.#asked;
    const { action, csrf, name } = this.#form;
    const text = await fetchPart(`${action}/${what}`, { csrf, name });
    // An older answer, or one for a page that is gone; without an answer the field is a field.
    if (text === null || number !== this.#asked || !this.isConnected) return;
    await showPart(text, this.querySelector("[data-offer]"));
    const list = this.querySelector('[role="listbox"]');
    const field = this.#field;
    field.setAttribute("aria-invalid", String(Boolean(this.querySelector(".form__error"))));
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
    else if (event.key === "Delete" && names[at]?.hasAttribute("data-suggested")) this.#refuse(names[at]);
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
    this.querySelector("input[name=from]").value = "offer";
    this.querySelector("form").requestSubmit();
  }

  async #refuse(name) {
    const { action, csrf } = this.#form;
    await post(`${action}/refuse`, { csrf, name: name.dataset.name });
    if (this.isConnected) this.#ask();
  }

  #close() {
    this.#details.open = false;
    this.querySelector("summary").focus();
  }
}
