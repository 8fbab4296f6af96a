const SECOND = 1000; // milliseconds

// Counts down to the moment when a new try makes sense. Without scripts the sentence before it says it once.
export class RetryCountdownElement extends HTMLElement {
  #timer;
  #end;

  static define() {
    customElements.define("retry-countdown", RetryCountdownElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#end = Date.now() + Number(this.dataset.seconds) * SECOND;
    // Read out once, with the sentence, and not again with every second.
    this.setAttribute("aria-live", "off");
    this.#show();
    this.#timer = setInterval(() => this.#show(), SECOND);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  // Private

  #show() {
    const left = Math.ceil((this.#end - Date.now()) / SECOND);
    this.textContent = left > 0 ? `(${left} s)` : "You can try again now.";
    if (left <= 0) clearInterval(this.#timer);
  }
}
