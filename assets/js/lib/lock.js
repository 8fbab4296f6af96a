// Tabs of one browser tell each other that the journal was locked; nothing is stored.
const channel = () => ("BroadcastChannel" in window ? new BroadcastChannel("llamora") : null);
const TIME_FOR_DRAFTS = 1500; // milliseconds, at most
const LOOK_EVERY = 300; // milliseconds
const MOST_LOOKS = 30;

let isLocking = false; // this page is the one that locks

export function tellLocking() {
  isLocking = true;
  const sender = channel();
  sender?.postMessage("locking");
  sender?.close();
}

// Every box with writing in it saves its draft; goes on when all are answered, or when it takes too long.
export async function settleDrafts() {
  const waits = [];
  document.dispatchEvent(new CustomEvent("journal-locking", { detail: { waits } }));
  await Promise.race([Promise.allSettled(waits), new Promise((done) => setTimeout(done, TIME_FOR_DRAFTS))]);
}

// Pages with journal text go away when another tab locks, and never come back from the back-forward cache.
export function leaveWhenLocked() {
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  if (!document.body.hasAttribute("data-signed-in")) return;
  channel()?.addEventListener("message", async () => {
    if (isLocking) return;
    await settleDrafts();
    if (await wasSignedOut()) location.replace("/login");
  });
}

// The other tab locks when its own drafts are saved, or asks for the password first. While the session lives, the
// sign-in page leads back to today.
async function wasSignedOut() {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
    const answer = await fetch("/login", { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (answer?.type !== "opaqueredirect") return true;
  }
  return false;
}
