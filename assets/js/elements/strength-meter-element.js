import { fetchPart, showPart } from "../lib/part.js";

const PAUSE = 350; // milliseconds
const MOST_BYTES = 256;

// Stands around the field of a new password and says how hard it is to guess, a moment after the last key. This
// program judges, nobody else. Without an answer only the length is spoken of; the judgement that counts is made when
// the form is sent.
export class StrengthMeterElement extends HTMLElement {
  #listeners;
  #timer;
  #asked = 0;

  static define() {
    customElements.define("strength-meter", StrengthMeterElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    this.addEventListener("input", () => this.#later(), { signal: this.#listeners.signal });
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#listeners.abort();
  }

  // Private

  #later() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#timer = setTimeout(() => this.#ask(this.#asked), PAUSE);
  }

  async #ask(number) {
    const { elements } = this.querySelector("input").form;
    const password = firstBytes(elements.namedItem("password").value);
    const fields = {
      csrf: elements.namedItem("csrf").value,
      username: elements.namedItem("username").value.slice(0, 64),
      password,
    };
    const text = password && (await fetchPart("/password-strength", fields));
    // An older answer, or one for a page that is gone.
    if (number !== this.#asked || !this.isConnected) return;
    const place = this.querySelector("[data-said]");
    if (text) await showPart(text, place);
    else
      place.textContent = password
        ? "Four or five words that have nothing to do with each other are hard to guess."
        : "";
  }
}

// What is judged of a very long password. It is a whole number of characters.
function firstBytes(text) {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MOST_BYTES));
  return text.slice(0, read);
}
