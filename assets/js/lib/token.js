// A page that was open while another tab signed in, or while the program began again, has a token of before. The answer
// that refuses it brings the one of now: the next try works.
export function renewToken(headers) {
  const token = headers?.get("X-CSRF-Token");
  if (!token) return;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF-Token": token }));
}
