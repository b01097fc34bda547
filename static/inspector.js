// Time left: the countdown on /session, and on every page the warning before the idle limit.

const clock = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
};

// The server's clock counts: its "now" came with the page.
const page = document.querySelector("[data-now]");
if (page) {
  const ahead = Number(page.dataset.now) * 1000 - Date.now();
  setInterval(() => {
    for (const time of page.querySelectorAll("[data-deadline]")) {
      time.textContent = clock(Number(time.dataset.deadline) * 1000 - Date.now() - ahead);
    }
  }, 1000);
}

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
