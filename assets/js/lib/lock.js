// Tabs of one browser tell each other that the journal was locked; nothing is stored.
const channel = () => ("BroadcastChannel" in window ? new BroadcastChannel("llamora") : null);

export function tellLocking() {
  const sender = channel();
  sender?.postMessage("locking");
  sender?.close();
}

// Pages with journal text go away when another tab locks, and never come back from the back-forward cache.
export function leaveWhenLocked() {
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  if (!document.body.hasAttribute("data-signed-in")) return;
  channel()?.addEventListener("message", async () => {
    document.dispatchEvent(new CustomEvent("journal-locking"));
    await new Promise((done) => setTimeout(done, 600));
    location.replace("/login");
  });
}
