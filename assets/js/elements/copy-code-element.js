// Copies or prints the code that `data-from` names. Hidden until scripts run, because it needs them.
export class CopyCodeElement extends HTMLElement {
  #listeners;

  static define() {
    customElements.define("copy-code", CopyCodeElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    this.addEventListener("click", (event) => this.#act(event), { signal: this.#listeners.signal });
    this.hidden = false;
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  // Actions

  async copy() {
    const code = document.getElementById(this.dataset.from);
    try {
      await navigator.clipboard.writeText(code.textContent);
      this.#say("Copied. Paste it where you keep secrets.");
    } catch {
      // Clipboards need a secure page: the code is selected instead.
      getSelection().selectAllChildren(code);
      this.#say("Selected. Copy it with your keyboard.");
    }
  }

  // Private

  #act(event) {
    const action = event.target.closest("button")?.dataset.do;
    if (action === "copy") this.copy();
    if (action === "print") window.print();
  }

  #say(sentence) {
    this.querySelector("[role=status]").textContent = sentence;
  }
}
