const ASK_EVERY = 1000; // milliseconds

// Stands on a page that was drawn while the model was loading. When the model can answer, the buttons that wait for it
// can be pressed and say what they do (`data-when-ready`), and this element goes away.
export class ModelWaitElement extends HTMLElement {
  #timer;

  static define() {
    customElements.define("model-wait", ModelWaitElement);
  }

  connectedCallback() {
    this.#timer = setTimeout(() => this.#ask(), ASK_EVERY);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #ask() {
    const model = await modelState();
    if (!this.isConnected) return;
    if (model === "ok") this.#ready();
    else if (model === "failed") location.reload();
    else this.#timer = setTimeout(() => this.#ask(), ASK_EVERY);
  }

  #ready() {
    for (const button of document.querySelectorAll("button[data-when-ready]")) {
      button.textContent = button.dataset.whenReady;
      button.disabled = false;
      button.removeAttribute("data-when-ready");
    }
    this.remove();
  }
}

async function modelState() {
  try {
    return (await (await fetch("/readyz", { cache: "no-store" })).json()).model;
  } catch {
    return "unknown";
  }
}
