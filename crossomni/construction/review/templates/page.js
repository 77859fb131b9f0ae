// Keys press the page's own buttons, so that a key does what a click does.
(() => {
  const PAUSE = 350; // ms: a double click would label the item that comes next, which nobody has looked at
  let last = -Infinity;
  const seen = (element) => element && element.offsetParent !== null && !element.disabled;
  const press = (id) => { const found = document.getElementById(id); if (seen(found)) { found.click(); return true; } return false; };
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest("button.choice")) return;
    const now = performance.now();
    if (now - last < PAUSE) { event.stopImmediatePropagation(); event.preventDefault(); } else { last = now; }
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = event.target;
    if (at.closest && at.closest("input, textarea, select, [contenteditable]")) return;
    const video = document.querySelector("#film video");
    let done = false;
    if (event.key === "ArrowLeft") done = press("back");
    else if (event.key === "ArrowRight") done = press("next");
    else if (event.key === " " && video) { video.paused ? video.play() : video.pause(); done = true; }
    else if (/^[0-9a-z]$/.test(event.key)) {
      const choice = [...document.querySelectorAll("button.choice")]
        .find((button) => seen(button) && button.textContent.trim().startsWith(event.key + " "));
      if (choice) { choice.click(); done = true; }
    }
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }, true);
  // A button that was clicked would be pressed again by the space bar.
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.closest && event.target.closest("button.choice")) event.preventDefault();
  }, true);
})();
