import htmx from "htmx.org/dist/htmx.esm.js";

// A pressed task box puts the changed entry in the place of the old one. Without scripts its form does that with a page.
export function tickInPlace() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-tasks]") || !event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    const entry = form.closest("article");
    const boxes = [...entry.querySelectorAll(".task")];
    const n = boxes.indexOf(event.submitter);
    await htmx.ajax("POST", event.submitter.getAttribute("formaction"), {
      source: form,
      target: entry,
      swap: "outerHTML",
    });
    document.getElementById(entry.id)?.querySelectorAll(".task")[n]?.focus();
  });
}
