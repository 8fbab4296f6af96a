import { settleDrafts, tellLocking } from "../lib/lock.js";

const TIME_FOR_OTHER_TABS = 250; // milliseconds

// Before the journal locks, every tab gets a moment to save its draft.
export class LockFormElement extends HTMLElement {
  #listeners;
  #ready = false;

  static define() {
    customElements.define("lock-form", LockFormElement);
  }

  connectedCallback() {
    this.#ready = false;
    this.#listeners = new AbortController();
    this.addEventListener("submit", (event) => this.#hold(event), { signal: this.#listeners.signal });
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  async #hold(event) {
    if (this.#ready) return;
    event.preventDefault();
    tellLocking();
    await Promise.all([settleDrafts(), new Promise((done) => setTimeout(done, TIME_FOR_OTHER_TABS))]);
    this.#ready = true;
    event.target.requestSubmit();
  }
}
