// When a part of the page is put in place of another and the focus was in it, htmx finds it again by its id only, and
// else it is lost: the next key begins at the top of the page, and a screen reader says nothing. Then it goes to what is
// called the same in the new part, to what was pressed to come here, or to the part itself.

const CONTROLS = "a[href], button, summary";

// By the id of a part, what was pressed in it last.
const pressed = new Map();
let left;

const name = (control) => (control.getAttribute("aria-label") ?? control.textContent).trim();

// The ids around an element, the nearest first, up to that of what is replaced.
function around(element, target) {
  const ids = [];
  for (let at = element.parentElement; at; at = at === target ? null : at.parentElement)
    if (at.id) ids.push(at.id);
  return ids;
}

function find(place, wanted) {
  const shown = [...place.querySelectorAll(CONTROLS)].filter((control) => control.checkVisibility());
  return shown.find((control) => name(control) === wanted);
}

function leave({ defaultPrevented, detail }) {
  left = undefined;
  const target = detail.tasks?.find((task) => task.type === "main")?.target;
  const active = document.activeElement;
  if (defaultPrevented || !target?.id || active === target || !target.contains(active)) return;
  left = { ids: around(active, target), target: target.id, names: [name(active), pressed.get(target.id)] };
  if (active.matches(CONTROLS)) pressed.set(target.id, name(active));
}

function arrive() {
  const { ids, target, names } = left ?? {};
  left = undefined;
  if (!ids || document.activeElement !== document.body) return;
  const whole = document.getElementById(target);
  const control = whole && names.map((wanted) => wanted && find(whole, wanted)).find(Boolean);
  if (control) return control.focus();
  const place = ids.map((id) => document.getElementById(id)).find(Boolean);
  const first = place?.querySelector("[data-focus-first]");
  if (first) return first.focus();
  place?.setAttribute("tabindex", "-1");
  place?.focus({ preventScroll: true });
}

export function keepFocus() {
  document.addEventListener("htmx:before:swap", leave);
  document.addEventListener("htmx:after:swap", arrive);
}
