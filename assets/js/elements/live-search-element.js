import { announce, notice } from "../lib/notice.js";
import { moveThroughHits, showMore } from "../lib/hits.js";
import { askForPart, replaceWithPart } from "../lib/part.js";
import { post } from "../lib/post.js";

const PAUSE = 250; // milliseconds without a letter before it is searched
const QUIET = 700; // milliseconds before the count is said, so that no letter is talked over
const LATER = 2500; // milliseconds after which a search that is not complete yet is made again

// Around the search form and its results: searches while somebody types, moves through results with the arrow keys, and
// adds the next results beneath those before. The address is the number of the search in this session, never its words.
// What is in the box is what is searched; nothing is ever put into it.
export class LiveSearchElement extends HTMLElement {
  #listeners;
  #timer; // until the next search
  #saying;
  #request; // the newest; an answer to an older one is thrown away
  #shown; // what the results on the page were asked with
  #isKept = true; // whether this search is among the recent ones already

  static define() {
    customElements.define("live-search", LiveSearchElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.#shown = this.#fields().toString();
    this.field.addEventListener("input", (event) => event.isComposing || this.#later(PAUSE), { signal });
    this.field.addEventListener("compositionend", () => this.#later(PAUSE), { signal });
    this.form.addEventListener("change", ({ target }) => target === this.field || this.#later(0), { signal });
    this.form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.addEventListener("keydown", (event) => moveThroughHits(this, this.field, event), { signal });
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.#comeBack();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    clearTimeout(this.#saying);
    this.#request?.abort();
    this.#listeners.abort();
  }

  get form() {
    return this.querySelector("form.search");
  }

  get field() {
    return this.form.elements.namedItem("q");
  }

  get results() {
    return this.querySelector("#results");
  }

  // Private

  #later(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fields().toString() !== this.#shown && this.#ask(true), pause);
  }

  #submit(event) {
    event.preventDefault();
    this.#ask(false);
  }

  #fields() {
    const fields = new URLSearchParams(new FormData(this.form));
    fields.delete("go");
    fields.delete("csrf");
    return fields;
  }

  async #ask(isTyping) {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const asked = this.#fields();
    const fields = new URLSearchParams(asked);
    fields.set("csrf", this.form.elements.namedItem("csrf").value);
    const number = /^\/search\/(\d+)/.exec(this.results.dataset.place ?? "")?.[1];
    if (number) fields.set("n", number);
    if (isTyping) fields.set("live", "1");
    const answer = await askForPart("/search", { method: "POST", body: fields, signal: request.signal });
    if (request !== this.#request || !this.isConnected || !answer) return;
    if (answer.status !== 200 && answer.status !== 422) return refused(answer.status);
    await replaceWithPart(answer.text, this.results);
    this.#isKept = !isTyping || (this.#isKept && asked.toString() === this.#shown);
    this.#shown = asked.toString();
    history.replaceState(null, "", this.results.dataset.place ?? "/search");
    this.#say(this.results.dataset.said ?? "");
    this.#comeBack();
  }

  // The embedder loads or reads: the same search may find more in a moment. Not under somebody who reads the results.
  #comeBack() {
    if (!("catchingUp" in this.results.dataset) || /[?]/.test(location.href)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.results.contains(document.activeElement)) this.#comeBack();
      else this.#ask(true);
    }, LATER);
  }

  #say(sentence) {
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => announce(sentence), QUIET);
  }

  async #click(event) {
    const link = event.target.closest("a");
    if (link?.matches("[data-more]")) {
      event.preventDefault();
      const n = await showMore(link);
      if (n) this.#say(`${n} more`);
    } else if (link?.matches(".hit__link") && !this.#isKept && this.results.dataset.place) {
      this.#isKept = true;
      post(`${this.results.dataset.place}/kept`, { csrf: this.form.elements.namedItem("csrf").value }, true);
    }
  }
}

function refused(status) {
  if (status === 401) notice("You are signed out.", { href: "/login", label: "Sign in" });
  else notice("The journal did not answer this search. Try it again in a moment.");
}
