import { fetchPart, showPart } from "../lib/part.js";

// Around the button that suggests a passphrase: shows it on this page, so that nothing that was typed has to travel or
// to be typed again. Without scripts the button sends the form, and the page comes back with a passphrase on it.
export class SuggestPhraseElement extends HTMLElement {
  #listeners;

  static define() {
    customElements.define("suggest-phrase", SuggestPhraseElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    this.addEventListener("click", (event) => this.#suggest(event), { signal: this.#listeners.signal });
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  // Private

  async #suggest(event) {
    const button = event.target.closest("button");
    if (!button) return;
    event.preventDefault();
    const csrf = button.form.elements.namedItem("csrf").value;
    const text = await fetchPart(button.formAction, { csrf });
    // The plain way says what is wrong.
    if (!text) return button.form.requestSubmit(button);
    const place = document.getElementById("passphrase");
    await showPart(text, place);
    place.scrollIntoView({ block: "nearest" });
  }
}
