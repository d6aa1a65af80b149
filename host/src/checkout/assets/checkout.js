// The page works without this. It counts down what is left, and sends a form once.
"use strict";
const left = document.querySelector("[data-left]");
if (left) {
  const end = performance.now() + left.dataset.left * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    const time = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
    left.textContent = left.dataset.text.replace("{time}", time);
  };
  tick();
  setInterval(tick, 1000);
}
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    form.querySelector("button").setAttribute("aria-disabled", "true");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    form.querySelector("button").removeAttribute("aria-disabled");
  }
});
