import { showCount } from "../lib/count.js";
import { Draft } from "../lib/draft.js";
import { offerEmoji } from "../lib/emoji.js";

// The box to write in, for new entries and for edits. `data-state` is idle, dirty, saving, saved or failed.
// Text leaves the box only when the server has answered that it is saved: the answer replaces the element.
// With `data-draft` the text is also kept as a sealed draft on the server while it is written.
export class EntryComposerElement extends HTMLElement {
  #listeners;
  #draft;
  #leaves = false; // whether the next press of Cancel leaves, kept or not

  static define() {
    customElements.define("entry-composer", EntryComposerElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const draft = new Draft(this, (sentence) => this.#say(sentence));
    this.#draft = draft;
    // First, because keys that choose from its list mean nothing else.
    if (this.dataset.emoji) offerEmoji(this.area, this.dataset.emoji, signal);
    this.area.addEventListener("input", () => this.#changed(), { signal });
    this.area.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.addEventListener("click", (event) => this.#cancel(event), { signal, capture: true });
    this.form.addEventListener("submit", (event) => this.#submit(event), { signal, capture: true });
    this.form.addEventListener("htmx:before:request", () => this.#saving(), { signal });
    this.form.addEventListener("htmx:finally:request", () => this.#answered(), { signal });
    document.addEventListener("journal-locking", ({ detail }) => detail.waits.push(draft.settle()), {
      signal,
    });
    document.addEventListener("visibilitychange", () => document.hidden && draft.save(true), { signal });
    window.addEventListener("pagehide", () => draft.save(true), { signal });
    window.addEventListener("beforeunload", (event) => this.#warn(event), { signal });
    this.#fit();
    this.#count();
  }

  disconnectedCallback() {
    this.#draft.pause();
    this.#listeners.abort();
  }

  get area() {
    return this.querySelector("textarea");
  }

  get form() {
    return this.querySelector("form");
  }

  // Private

  #changed() {
    this.#leaves = false;
    this.dataset.state = this.area.value ? "dirty" : "idle";
    this.#say("");
    this.#fit();
    this.#count();
    this.#draft.later();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.querySelector("[data-cancel]")?.click();
    if (event.key !== "Enter" || event.shiftKey) return;
    if (!(event.ctrlKey || event.metaKey || "enterSaves" in this.dataset)) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  // Leaving an edit loses nothing: what was changed since the last draft becomes one first.
  async #cancel(event) {
    const link = event.target.closest("[data-cancel]");
    if (!link || this.#leaves || this.#draft.isCurrent) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await this.#draft.settle();
    this.#leaves = true;
    if (this.#draft.isCurrent) link.click();
    else this.#say("The draft could not be kept. Cancel once more to leave without it.");
  }

  // An entry must not overtake its own draft, or the draft would be back after the entry is saved.
  #submit(event) {
    this.#draft.pause();
    if (!this.#draft.running) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#draft.running.then(() => this.isConnected && this.form.requestSubmit());
  }

  #saving() {
    this.dataset.state = "saving";
    this.area.readOnly = true;
    this.#say("");
  }

  #answered() {
    if (!this.isConnected) return;
    this.dataset.state = "failed";
    this.area.readOnly = false;
    this.#say("Not saved. Your text is still here.");
    this.#draft.rescue();
  }

  // Before the next page is asked for, or that one would not know the draft yet.
  #warn(event) {
    this.#draft.save(true);
    const isHeld = ["dirty", "saving", "failed"].includes(this.dataset.state);
    if (isHeld && !this.#draft.isSafe) event.preventDefault();
  }

  #say(sentence) {
    this.querySelector(".composer__status").textContent = sentence;
  }

  #count() {
    showCount(this.area, this.querySelector("output"), Number(this.dataset.max));
  }

  // Browsers without `field-sizing` get the height from here.
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.area.style.blockSize = "auto";
    this.area.style.blockSize = `${this.area.scrollHeight}px`;
  }
}
