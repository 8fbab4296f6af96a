const PAUSE_AFTER_REFUSAL = 3000; // milliseconds
const NEAR = 48; // pixels below what can be seen that still count as its end

// Follows a running reply. Words arrive as text and are added as text; when the reply has ended the element fires
// `reply-ended`, on which htmx fetches the finished reply and puts it in place of this one.
// The browser reconnects by itself with Last-Event-ID; events that are already on the page are skipped by number.
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };

export class ReplyStreamElement extends HTMLElement {
  #events;
  #timer;

  static define() {
    customElements.define("reply-stream", ReplyStreamElement);
  }

  // Lifecycle

  connectedCallback() {
    if (this.closest("[hx-ignore]") || !/^\/replies\/[0-9A-Za-z]+\/events$/.test(this.dataset.events ?? ""))
      return;
    // A reply that was just asked for is brought into sight; one that came with its page leaves the page where it is.
    if (document.readyState === "complete") this.parentElement.scrollIntoView({ block: "nearest" });
    this.#events = new EventSource(this.dataset.events);
    for (const kind of ["token", "position", "done", "failed"]) {
      this.#events.addEventListener(kind, (event) => this.#receive(kind, event));
    }
    this.#events.onerror = () => this.#refused();
  }

  disconnectedCallback() {
    this.#close();
  }

  // Private

  #receive(kind, event) {
    const id = Number(event.lastEventId);
    if (id <= Number(this.dataset.after)) return;
    this.dataset.after = id;
    if (kind === "token") this.#add(event.data);
    else if (kind === "position") this.#wait(Number(event.data));
    else this.#end();
  }

  #add(text) {
    this.parentElement.dataset.state = "streaming";
    this.querySelector(".reply__status").textContent = "";
    const follows = this.#overhang() <= NEAR;
    // Tokens arrive escaped, as HTML would need them; here they become text.
    this.querySelector(".reply__text").append(
      text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]),
    );
    if (follows && this.#overhang() > 0) scrollBy(0, this.#overhang());
  }

  // How far the reply reaches below what can be seen. Whoever has scrolled up from its end is not pulled back.
  #overhang() {
    return this.parentElement.getBoundingClientRect().bottom - innerHeight;
  }

  #wait(position) {
    this.parentElement.dataset.state = position > 0 ? "queued" : "reading";
    this.querySelector(".reply__status").textContent =
      position > 0 ? `Waiting, number ${position} in line` : "Reading";
  }

  #end() {
    this.#close();
    this.dispatchEvent(new CustomEvent("reply-ended"));
  }

  // A connection that broke is taken up again by the browser; one that was refused is asked about once, later.
  #refused() {
    if (this.#events.readyState !== EventSource.CLOSED) return;
    this.#timer = setTimeout(() => this.#end(), PAUSE_AFTER_REFUSAL);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#events?.close();
  }
}
