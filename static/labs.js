// For the lab pages only; every lab works without it.

// race: send many additions at the same moment, then count. As many at once as the labs take of
// one browser; one that finds every place taken, by a whole class for instance, waits and asks again.
const together = document.querySelector("button[data-race]");
if (together) {
  const { race, lanes, answered, waiting } = together.dataset;
  const racing = together.form.querySelector(".racing");
  const dots = racing.querySelectorAll(".dots span");
  const said = racing.querySelector("[role=status]");
  const { form } = together;
  const fields = { csrf_token: form.elements.csrf_token.value, action: "add", quick: "yes" };
  let left = Number(race);
  let back = 0;
  const add = async () => {
    for (;;) {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
      if (answer.status !== 503) return;
      said.textContent = waiting;
      await new Promise((resolve) => setTimeout(resolve, 300 + 700 * Math.random()));
    }
  };
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await add();
      dots[back].dataset.state = "answered";
      back += 1;
      said.textContent = answered.replace("{answered}", back).replace("{all}", race);
    }
  };
  together.hidden = false;
  together.addEventListener("click", async (event) => {
    event.preventDefault();
    if (racing.hidden === false) return;
    racing.hidden = false;
    racing.scrollIntoView({ block: "nearest" }); // on a phone it is below the fold
    together.setAttribute("aria-disabled", "true");
    await Promise.allSettled(Array.from({ length: Number(lanes) }, lane));
    for (const [name, value] of Object.entries({ action: "count", sent: back })) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    form.requestSubmit();
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
