import { sayRecaps } from "../lib/recap-line.js";

// A month as the ARIA grid pattern wants it: one day can be reached with Tab, the arrow keys go from day to day, Home
// and End to the ends of a week, Page Up and Page Down to other months. Without scripts every day is a link.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const TURNS = { PageUp: "earlier", PageDown: "later" };

// What has the focus in the month that comes next: a way to turn, or a day at one end.
let next;

export class JournalCalendarElement extends HTMLElement {
  #listeners;

  static define() {
    customElements.define("journal-calendar", JournalCalendarElement);
  }

  // Lifecycle

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.addEventListener("focusin", (event) => this.#reach(event.target), { signal });
    if ("recaps" in this.dataset) sayRecaps(this, ".calendar__day--own > a", signal);
    this.addEventListener("click", ({ target }) => this.#turned(target.closest("[data-turn]")), { signal });
    const days = this.#days;
    const first =
      this.querySelector("[aria-selected] a") ?? this.querySelector("[aria-current]") ?? days.at(-1);
    for (const day of days) day.tabIndex = day === first ? 0 : -1;
    first?.setAttribute("data-focus-first", "");
    if (next === "start") days[0]?.focus();
    else if (next === "end") days.at(-1)?.focus();
    else if (next) (this.querySelector(`a[data-turn=${next}]`) ?? first)?.focus();
    next = undefined;
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  // Private

  get #days() {
    return [...this.querySelectorAll("[role=gridcell] a")];
  }

  #reach(target) {
    const days = this.#days;
    if (!days.includes(target)) return;
    for (const day of days) day.tabIndex = day === target ? 0 : -1;
  }

  #key(event) {
    const days = this.#days;
    const at = days.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = [...event.target.closest("tr").querySelectorAll("[role=gridcell] a")];
    const to =
      event.key in STEPS
        ? days[at + STEPS[event.key]]
        : event.key === "Home"
          ? row[0]
          : event.key === "End"
            ? row.at(-1)
            : undefined;
    if (to) to.focus();
    else if (event.key in TURNS) this.#turn(TURNS[event.key]);
    else if (event.key in STEPS) this.#turn(STEPS[event.key] < 0 ? "earlier" : "later");
    else return;
    event.preventDefault();
  }

  #turn(way) {
    const link = this.querySelector(`a[data-turn=${way}]`);
    if (!link) return;
    link.click();
    next = way === "earlier" ? "end" : "start";
  }

  #turned(link) {
    if (link) next = link.dataset.turn;
  }
}
