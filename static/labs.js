// For the lab pages only; every lab works without it.

// race: send many additions at the same moment, then count.
const together = document.querySelector("button[data-race]");
if (together) {
  together.hidden = false;
  together.addEventListener("click", async () => {
    together.disabled = true;
    const { form } = together;
    const many = Number(together.dataset.race);
    const fields = { csrf_token: form.elements.csrf_token.value, action: "add", quick: "yes" };
    const add = () => fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
    await Promise.allSettled(Array.from({ length: many }, add));
    form.elements.sent.value = many;
    form.requestSubmit(form.querySelector("button[value=count]"));
  });
}

// expire: how long the short session still lives, with the warning before its end.
const clock = document.querySelector("[data-lab-ends]");
if (clock) {
  const end = performance.now() + Number(clock.dataset.labEnds) * 1000;
  let said = "";
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    const { left: label, soon, ended } = clock.dataset;
    const text = left <= 0 ? ended : left <= 2 ? soon : `${label}: ${left}`;
    if (text !== said) clock.textContent = said = text;
    if (left > 0) setTimeout(tick, 200);
  };
  tick();
}
