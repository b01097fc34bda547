// The warning before the idle limit, on every page of a visitor who has a session.
//
// WCAG 2.2.1: say it before the time is over, and let one press extend it. All tabs share the
// moment of the last request, because a page in any of them keeps the session alive.
const warning = document.getElementById("idle-warning");
if (warning) {
  const limit = Number(warning.dataset.seconds) * 1000;
  const lead = Math.max(20_000, Math.min(120_000, limit / 5));
  const seen = "session-last-request";
  const note = () => localStorage.setItem(seen, Date.now());
  const left = () => Number(localStorage.getItem(seen)) + limit - Date.now();
  let box = null;
  note();
  setInterval(() => {
    const wanted = left() <= lead && left() > 0;
    if (!wanted) {
      box?.remove();
      box = null;
      return;
    }
    if (!box) {
      document.body.append(warning.content.cloneNode(true));
      box = document.body.lastElementChild;
      box.querySelector("button").addEventListener("click", async () => {
        const answer = await fetch(warning.dataset.extend, { cache: "no-store" });
        if (answer.ok) note();
      });
    }
    box.querySelector("time").textContent = clock(left());
  }, 1000);
}
