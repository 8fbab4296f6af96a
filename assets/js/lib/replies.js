import { announce } from "./notice.js";

// What a screen reader hears when a reply has ended, by its state.
const SAID = {
  complete: "The reply has ended.",
  stopped: "The reply was stopped.",
  interrupted: "The reply broke off.",
  failed: "The reply failed.",
};
const ASKS = "form[hx-post$='/replies'], form[hx-post$='/retry']";

// Of each reply that ends while its page is open a screen reader hears once. It may have ended before the page could
// show that it runs: then it comes as the answer to whoever asked.
export function tellOfReplies() {
  const ran = new Map(); // by id, whether it was running when it was last seen
  let asked;

  const look = () => {
    const news = [];
    for (const { id, dataset } of document.querySelectorAll("[data-reply-id]")) {
      const said = SAID[dataset.state];
      if (said && (ran.get(id) ?? asked)) news.push(said);
      ran.set(id, !said);
    }
    if (news.length > 0) announce(news.join(" "));
  };

  look();
  document.addEventListener("htmx:before:swap", ({ detail }) => {
    if (detail.ctx.sourceElement?.matches(ASKS)) asked = detail.ctx;
  });
  document.addEventListener("htmx:finally:swap", ({ detail }) => {
    look();
    if (detail.ctx === asked) asked = undefined;
  });
}
