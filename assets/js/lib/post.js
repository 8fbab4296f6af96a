import { journalOfPage, renewToken } from "./token.js";

// Sends a form's worth of fields for a request without a place on the page. Gives the answer, or nothing when it was not accepted.
export async function post(action, fields, leaving = false) {
  try {
    const answer = await fetch(action, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "HX-Request": "true", "HX-Request-Type": "partial", "X-Journal": journalOfPage() },
      credentials: "same-origin",
      redirect: "error",
      keepalive: leaving,
    });
    renewToken(answer.headers);
    return answer.ok ? answer : null;
  } catch {
    return null;
  }
}
