import { askForPart, showPart } from "./part.js";

const REST = 400; // milliseconds

// A day that is rested on, by focus or by pointer, has its recap said in the line beneath.
export function sayRecaps(root, days, signal) {
  let timer;
  let asking; // gives up the request for a recap
  let said; // the day whose recap is shown or asked for

  const say = async (day) => {
    asking?.abort();
    asking = new AbortController();
    said = day;
    const answer = await askForPart(`${day.pathname}/recap/line`, { signal: asking.signal });
    if (answer && root.isConnected && said === day)
      await showPart(answer.status === 200 ? answer.text : "", root.querySelector("[data-recap-line]"));
  };
  const rest = ({ target }) => {
    const day = target.closest(days);
    if (!day || day === said) return;
    clearTimeout(timer);
    timer = setTimeout(() => say(day), REST);
  };

  root.addEventListener("focusin", rest, { signal });
  root.addEventListener("pointerover", rest, { signal });
  root.addEventListener("pointerleave", () => clearTimeout(timer), { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    asking?.abort();
  });
}
