const ASK_EVERY = 2000; // milliseconds

// Stands above every page of an open journal and says when its file cannot be read or written, and when it can again,
// without a reload: what was typed stays. It asks only while the page can be seen.
export class StoreBannerElement extends HTMLElement {
  #timer;
  #listeners;

  static define() {
    customElements.define("store-banner", StoreBannerElement);
  }

  connectedCallback() {
    if (!("watch" in this.dataset)) return;
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    document.addEventListener("visibilitychange", () => this.#later(), { signal });
    this.#later();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#listeners?.abort();
  }

  #later() {
    clearTimeout(this.#timer);
    if (!document.hidden) this.#timer = setTimeout(() => this.#ask(), ASK_EVERY);
  }

  async #ask() {
    const store = await storeState();
    if (!this.isConnected) return;
    if (store) this.#show(store);
    this.#later();
  }

  #show({ store, note = "" }) {
    const line = this.querySelector("p");
    if (line.textContent !== note) line.textContent = note;
    line.hidden = !note;
    if (note) line.dataset.store = store;
    else delete line.dataset.store;
  }
}

// Nothing when the program does not answer: whatever is tried then says so itself.
async function storeState() {
  try {
    return await (await fetch("/readyz", { cache: "no-store" })).json();
  } catch {
    return null;
  }
}
