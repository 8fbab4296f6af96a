import { post } from "./post.js";

const EVERY = 3000; // milliseconds
const KEEPALIVE_BYTES = 60_000; // browsers send at most 64 KiB from a page that goes away

// Keeps the text of a box as a sealed draft on the server while it is written. The form says in `draft` which draft it
// holds, and in `op` which box it is, so that neither keeping nor saving its text takes away another window's.
export class Draft {
  #box; // the element with `area`, `form`, `data-draft` and `data-state`
  #tell;
  #timer;
  #running; // the request that carries a draft, while it runs
  #outlives = false; // whether that goes on when the page goes away
  #kept; // the text of the last draft that was kept
  #refused = false; // whether the last draft could not be kept

  constructor(box, tell) {
    this.#box = box;
    this.#tell = tell;
    // A text that came back unsaved is in no draft yet, unless the server kept it with its refusal.
    const isKept = box.dataset.state !== "failed" || "kept" in box.dataset;
    this.#kept = isKept ? box.area.value : null;
    if (!isKept) this.rescue();
  }

  get running() {
    return this.#running;
  }

  // Whether closing the page now loses nothing: what is not kept yet is sent while it closes.
  get isSafe() {
    const text = this.#box.area.value;
    return text === this.#kept || (this.#isOn && !this.#refused && sizeOf(text) < KEEPALIVE_BYTES);
  }

  get isCurrent() {
    return !this.#running && this.#box.area.value === this.#kept;
  }

  async save(leaving = false) {
    this.pause();
    const text = this.#box.area.value;
    if (!this.#isOn || text === this.#kept) return;
    // One that is on its way is cut off with the page, so the text goes once more.
    if (this.#running && (!leaving || this.#outlives)) return;
    const { csrf, op, revision, draft } = this.#box.form.elements;
    const fields = { text, csrf: csrf.value, draft: draft.value };
    if (op) fields.op = op.value;
    if (revision) fields.revision = revision.value;
    const running = post(this.#box.dataset.draft, fields, leaving);
    [this.#running, this.#outlives] = [running, leaving];
    const answer = await running;
    if (this.#running !== running) return; // a later one carries more
    this.#running = null;
    this.#refused = !answer;
    if (answer) {
      this.#kept = text;
      draft.value = answer.headers.get("X-Draft-Kept") ?? "";
    }
    if (this.#box.dataset.state === "dirty")
      this.#tell(answer ? "Draft kept" : "The draft could not be kept");
    if (this.#box.isConnected && this.#box.area.value !== this.#kept) this.later();
  }

  // The text was not saved: it is kept at once, and until it is, leaving is asked about. An empty one is nothing to keep.
  rescue() {
    const text = this.#box.area.value;
    if (!text.trim() || text === this.#kept) return;
    this.#refused = true;
    this.save();
  }

  // The draft on its way was of an older text: that one first, then this one.
  async settle() {
    await this.#running;
    await this.save();
  }

  // Whoever types on without a pause is kept up with all the same.
  later() {
    if (this.#isOn) this.#timer ??= setTimeout(() => this.save(), EVERY);
  }

  pause() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #isOn() {
    return Boolean(this.#box.dataset.draft);
  }
}

// Bytes of a text as a form carries it: up to nine for one character of the texts that are longest there.
function sizeOf(text) {
  return new URLSearchParams({ text }).toString().length;
}
