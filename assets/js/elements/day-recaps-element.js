import { sayRecaps } from "../lib/recap-line.js";

// The year of a trace: a day in it that is rested on has its recap said. Without scripts every day is a link.
export class DayRecapsElement extends HTMLElement {
  #listeners;

  static define() {
    customElements.define("day-recaps", DayRecapsElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    if ("recaps" in this.dataset) sayRecaps(this, "td[data-level] > a", this.#listeners.signal);
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }
}
