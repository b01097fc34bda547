// Progressive enhancement only: every page works without this file.

// Cart: send a changed quantity without a press on Update, and keep the focus where it was.
const focusKey = "focus-after-update";
for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    const input = form.elements.quantity;
    if (input.value === "" || Number(input.value) < 1) return; // an explicit 0 wants an explicit press
    timer = setTimeout(() => {
      sessionStorage.setItem(focusKey, input.id);
      form.requestSubmit();
    }, 900);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}
const focusId = sessionStorage.getItem(focusKey);
if (focusId) {
  sessionStorage.removeItem(focusKey);
  document.getElementById(focusId)?.focus({ preventScroll: true });
}

// A time is told in the zone of its reader.
const localTime = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) time.textContent = localTime.format(new Date(time.dateTime));

// Adding from a shelf comes back to it: the button has the focus, and is where it was in the window.
// Whoever presses twice while the answer is on its way wants it once; after a while it is lost.
const placeKey = "place-after-adding";
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.matches("[action$='/cart/items']")) return; // form.action may be a field of that name
  if (form.ariaBusy) return event.preventDefault();
  form.ariaBusy = "true";
  setTimeout(() => { form.ariaBusy = null; }, 5000);
  addEventListener("pageshow", () => { form.ariaBusy = null; }); // who comes back begins anew
  if (submitter?.closest(".card")) sessionStorage.setItem(placeKey, submitter.getBoundingClientRect().top);
});
const place = sessionStorage.getItem(placeKey);
sessionStorage.removeItem(placeKey);
if (place && location.hash) {
  addEventListener("load", () => {
    const button = document.querySelector(".card:target button");
    if (!button) return;
    scrollBy(0, button.getBoundingClientRect().top - place);
    button.focus({ preventScroll: true });
  });
}
// The message that came along need not stay along.
setTimeout(() => document.querySelector(".flashes").classList.add("is-read"), 8000);

// A form says which tab it is in, for the steps of /session: two tabs are one browser to a server.
if (document.querySelector("[data-tabs]")) {
  sessionStorage.tab ??= crypto.getRandomValues(new Uint32Array(1))[0].toString(16);
  document.addEventListener("formdata", ({ target, formData }) => {
    if (target.method === "post") formData.set("tab", sessionStorage.tab);
  });
}

// The account menu is a plain <details>: Escape and a press elsewhere close it, too.
const menu = document.querySelector("details.account");
document.addEventListener("click", (event) => {
  if (menu && !menu.contains(event.target)) menu.open = false;
});
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// On a phone the shelves scroll sideways: begin with the one that is open.
const here = document.querySelector(".site-nav [aria-current]");
const shelves = here?.closest("ul");
if (shelves) shelves.scrollLeft = here.offsetLeft - (shelves.clientWidth - here.offsetWidth) / 2;

// The strip at the foot: what the session cost on this request (Server-Timing header).
const strip = document.querySelector("[data-server-timing]");
const timings = performance.getEntriesByType("navigation")[0]?.serverTiming ?? [];
const parts = [["session-load", strip.dataset.load], ["session-save", strip.dataset.save]].flatMap(([name, label]) => {
  const entry = timings.find((t) => t.name === name);
  return entry && entry.duration >= 0.01 ? [`${label} ${entry.duration.toFixed(2)} ms`] : [];
});
if (parts.length) {
  strip.textContent = parts.join(" · ");
  strip.hidden = false;
}
