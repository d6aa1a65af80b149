// The page works without this. It counts down what is left, sends a form once, and forgets what was typed.
"use strict";
const left = document.querySelector("[data-left]");
if (left) {
  const end = performance.now() + left.dataset.left * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const minutes = Math.floor(seconds / 60);
    const clock = minutes < 60 ? String(minutes) : Math.floor(minutes / 60) + ":" + two(minutes % 60);
    const time = clock + ":" + two(seconds % 60);
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
// What was typed is gone once its page is left: the back button brings up no card.
const forget = () => {
  for (const form of document.forms) form.reset();
};
addEventListener("pagehide", forget);
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
  // Some browsers fill in again what was there.
  const [arrival] = performance.getEntriesByType("navigation");
  if (arrival && arrival.type !== "navigate") forget();
  for (const form of document.forms) {
    delete form.dataset.sent;
    form.querySelector("button").removeAttribute("aria-disabled");
  }
});
