import { tellLocking } from "../lib/lock.js";

const TIME_FOR_DRAFTS = 250; // milliseconds

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

  #hold(event) {
    if (this.#ready) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("journal-locking"));
    tellLocking();
    setTimeout(() => {
      this.#ready = true;
      event.target.requestSubmit();
    }, TIME_FOR_DRAFTS);
  }
}
