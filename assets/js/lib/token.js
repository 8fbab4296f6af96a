// A page that was open while another tab signed in, or while the program began again, has a token of before. The answer
// that refuses it brings the one of now: the next try works. A page of another journal gets none.
export function renewToken(headers) {
  const token = headers?.get("X-CSRF-Token");
  if (!token) return;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  const headersOfAll = { "X-CSRF-Token": token, "X-Journal": journalOfPage() };
  document.body.setAttribute("hx-headers:inherited", JSON.stringify(headersOfAll));
}

// The journal that this page belongs to, whoever is signed in now.
export function journalOfPage() {
  return document.body.dataset.journal ?? "";
}
