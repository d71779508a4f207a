"use strict";

// Shows the turns that have every word of the box, as it is typed.
const search = document.querySelector(".search");
const box = search.querySelector("input");
const count = search.querySelector("output");
const sections = [...document.querySelectorAll("section")].map((section) => ({
  section,
  turns: [...section.querySelectorAll("article")],
}));
let waiting = 0;

function look() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { section, turns } of sections) {
    let here = 0;
    for (const turn of turns) {
      const text = words.length ? turn.textContent.toLowerCase() : "";
      turn.hidden = !words.every((word) => text.includes(word));
      here += turn.hidden ? 0 : 1;
    }
    section.hidden = here === 0;
    shown += here;
  }
  count.value = words.length ? `${shown} found` : "";
}

box.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 120);
});
search.addEventListener("submit", (event) => event.preventDefault());
search.hidden = false;
