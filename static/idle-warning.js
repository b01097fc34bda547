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
  const answered = async () => {
    if (left() <= 0) return location.reload();
    const answer = await fetch(warning.dataset.extend, { cache: "no-store" });
    if (answer.ok) note();
  };
  note();
  setInterval(() => {
    if (left() > lead) {
      box?.remove();
      box = null;
      return;
    }
    if (!box) {
      document.body.append(warning.content.cloneNode(true));
      box = document.body.lastElementChild;
      box.querySelector("button").addEventListener("click", answered);
    }
    box.querySelector("time").textContent = clock(left());
    if (left() > 0 || box.dataset.over) return;
    box.dataset.over = "yes"; // else the page would look as if nothing had happened
    box.querySelector("p").textContent = warning.dataset.over;
    box.querySelector("button").textContent = warning.dataset.reload;
  }, 1000);
}
