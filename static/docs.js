// For the pages of the course; each of them can be read without it.

// What is on the page stands open beside the text; on a phone it would push the text away.
const contents = document.querySelector(".doc-contents details");
if (contents) contents.open = matchMedia("(width >= 62rem)").matches;

// A button that copies a block of code. Without it one selects and copies.
const words = document.querySelector("[data-copy]").dataset;
for (const box of navigator.clipboard ? document.querySelectorAll(".code-box:not([data-language=text])") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words.copy;
  let timer;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(toCopy(box));
    button.textContent = words.copied;
    clearTimeout(timer);
    timer = setTimeout(() => (button.textContent = words.copy), 2000);
  });
  box.prepend(button);
}

// Of a terminal only what one types, without the prompt; of an edit what is put in, without its sign.
function toCopy(box) {
  const sign = { console: "$ ", diff: "+" }[box.dataset.language] ?? "";
  const lines = box.querySelector("code").textContent.split("\n");
  return lines.filter((line) => line.startsWith(sign)).map((line) => line.slice(sign.length)).join("\n");
}
