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

// The strip "Where is your cart now?": what the session cost on this request (Server-Timing header).
const strip = document.querySelector("[data-server-timing]");
const timings = performance.getEntriesByType("navigation")[0]?.serverTiming ?? [];
const parts = [["session-load", strip?.dataset.load], ["session-save", strip?.dataset.save]].flatMap(([name, label]) => {
  const entry = timings.find((t) => t.name === name);
  return entry ? [`${label} ${entry.duration.toFixed(1)} ms`] : [];
});
if (strip && parts.length) {
  strip.textContent = parts.join(" · ");
  strip.hidden = false;
}
