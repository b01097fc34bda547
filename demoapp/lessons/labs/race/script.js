// Send many additions at the same moment, then count. As many at once as the labs take of
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
