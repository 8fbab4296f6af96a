import { showCount } from "../lib/count.js";
import { post } from "../lib/post.js";

const DRAFT_EVERY = 3000; // milliseconds
const KEEPALIVE_BYTES = 60_000; // browsers send at most 64 KiB from a page that goes away

// The box to write in, for new entries and for edits. `data-state` is idle, dirty, saving, saved or failed.
// Text leaves the box only when the server has answered that it is saved: the answer replaces the element.
// With `data-draft` the text is also kept as a sealed draft on the server while it is written.
export class EntryComposerElement extends HTMLElement {
  #listeners;
  #timer;
  #drafting; // the request that carries a draft, while it runs
  #drafted; // the text of the last draft that was saved
  #refused = false; // whether the last draft could not be saved

  static define() {
    customElements.define("entry-composer", EntryComposerElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.#drafted = this.area.value;
    this.area.addEventListener("input", () => this.#changed(), { signal });
    this.area.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.form.addEventListener("submit", (event) => this.#submit(event), { signal, capture: true });
    this.form.addEventListener("htmx:before:request", () => this.#saving(), { signal });
    this.form.addEventListener("htmx:finally:request", (event) => this.#answered(event), { signal });
    document.addEventListener("journal-locking", ({ detail }) => detail.waits.push(this.#settle()), {
      signal,
    });
    document.addEventListener("visibilitychange", () => document.hidden && this.saveDraft(true), { signal });
    window.addEventListener("pagehide", () => this.saveDraft(true), { signal });
    window.addEventListener("beforeunload", (event) => this.#warn(event), { signal });
    this.#fit();
    this.#count();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#listeners.abort();
  }

  get area() {
    return this.querySelector("textarea");
  }

  get form() {
    return this.querySelector("form");
  }

  // Actions

  async saveDraft(leaving = false) {
    clearTimeout(this.#timer);
    const text = this.area.value;
    if (!this.dataset.draft || this.#drafting || text === this.#drafted || this.dataset.state === "saving")
      return;
    this.#drafting = post(this.dataset.draft, { text, csrf: this.form.elements.csrf.value }, leaving);
    const kept = await this.#drafting;
    this.#drafting = null;
    if (kept) this.#drafted = text;
    this.#refused = !kept;
    if (this.dataset.state === "dirty") this.#say(kept ? "Draft kept" : "The draft could not be kept");
    if (this.isConnected && this.area.value !== this.#drafted) this.#later();
  }

  // Private

  // The draft on its way was of an older text: that one first, then this one.
  async #settle() {
    await this.#drafting;
    await this.saveDraft();
  }

  #changed() {
    this.dataset.state = this.area.value ? "dirty" : "idle";
    this.#say("");
    this.#fit();
    this.#count();
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.dataset.draft) this.#timer = setTimeout(() => this.saveDraft(), DRAFT_EVERY);
  }

  #key(event) {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
    if (!(event.ctrlKey || event.metaKey || "enterSaves" in this.dataset)) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  // An entry must not overtake its own draft, or the draft would be back after the entry is saved.
  #submit(event) {
    clearTimeout(this.#timer);
    if (!this.#drafting) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#drafting.then(() => this.isConnected && this.form.requestSubmit());
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
    this.#later();
  }

  #warn(event) {
    const unsaved = this.dataset.state === "dirty" || this.dataset.state === "failed";
    const kept = this.dataset.draft && !this.#refused && this.area.value.length * 3 < KEEPALIVE_BYTES;
    if (unsaved && !kept && this.area.value !== this.#drafted) event.preventDefault();
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
