const SOON = 1000; // milliseconds after midnight
const FRAMES = 8;

// The page of a day. It says when its day is over and never leads away by itself; and where the end of the day lies
// far below it offers the way there.
export class JournalDayElement extends HTMLElement {
  #listeners;
  #timer;
  #over;
  #sight;

  static define() {
    customElements.define("journal-day", JournalDayElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    if ("endsIn" in this.dataset) {
      this.#over = Date.now() + Number(this.dataset.endsIn);
      document.addEventListener("visibilitychange", () => this.#wait(), { signal });
      this.#wait();
    }
    const down = this.querySelector("[data-down]");
    down.addEventListener("click", () => this.#goDown(), { signal });
    // Seen or not: the end of the page, with a screen's length to spare.
    this.#sight = new IntersectionObserver(
      ([end]) => {
        down.hidden = end.isIntersecting;
      },
      { rootMargin: "0px 0px 60% 0px" },
    );
    this.#sight.observe(this.#end);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#sight.disconnect();
    this.#listeners.abort();
  }

  // Private

  // The note about midnight is always there at the end of the day, seen or not.
  get #end() {
    return this.querySelector("[data-day-end]");
  }

  #goDown() {
    document.getElementById("composer-text")?.focus({ preventScroll: true });
    this.#follow(FRAMES);
  }

  // Text that comes into sight is laid out only then and moves the end, so the end is followed for some frames.
  #follow(frames) {
    this.#end.scrollIntoView({ block: "end" });
    if (frames > 0) requestAnimationFrame(() => this.#follow(frames - 1));
  }

  // Timers stand still while a machine sleeps, so it is looked at again whenever the page is looked at.
  #wait() {
    clearTimeout(this.#timer);
    const left = this.#over - Date.now();
    if (left <= 0) this.querySelector("[data-new-day]").hidden = false;
    else if (!document.hidden) this.#timer = setTimeout(() => this.#wait(), left + SOON);
  }
}
