// The stage works without this file. An act may take some seconds: say so, and take one at a time.
const acts = document.querySelector("form.acts");
const told = document.querySelector("#told");
acts.addEventListener("submit", (event) => {
  if (acts.ariaBusy) return event.preventDefault();
  acts.ariaBusy = "true";
  told.textContent = acts.dataset.busy;
});
addEventListener("pageshow", () => { acts.ariaBusy = null; }); // also when it comes back with the Back button
if (location.hash === "#told") told.focus({ preventScroll: true });
