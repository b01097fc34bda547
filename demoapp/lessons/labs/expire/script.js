// How long the short session still lives, with the warning before its end.
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
