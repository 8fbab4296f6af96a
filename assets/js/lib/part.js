import htmx from "htmx.org/dist/htmx.esm.js";

// Asks for a part of a page with these fields and no others. Nothing when it could not be had.
export async function fetchPart(action, fields) {
  try {
    const answer = await fetch(action, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
    });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

// Puts a part into its place; htmx holds the one policy under which text may become markup.
export function showPart(text, target) {
  return htmx.swap({ sourceElement: document.body, target, text, swap: "innerHTML" });
}

// Asks for a part and gives it with the status of the answer; 0 when there was none. A part comes with 200, and with 422
// when fields were refused. Nothing when the request was given up.
export async function askForPart(address, request) {
  try {
    const answer = await fetch(address, {
      headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      ...request,
    });
    return { text: await answer.text(), status: answer.status };
  } catch {
    return request.signal?.aborted ? null : { text: "", status: 0 };
  }
}

// Puts a part in the place of an element.
export function replaceWithPart(text, target) {
  return htmx.swap({ sourceElement: document.body, target, text, swap: "outerHTML" });
}
