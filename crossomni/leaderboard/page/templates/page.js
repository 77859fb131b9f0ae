// Systems that are ticked stay so when the table is sorted or filtered; two of them can be compared.
(() => {
  const picked = new Map();
  const bar = () => {
    let found = document.getElementById("picked");
    if (!found) {
      found = document.createElement("div");
      found.id = "picked";
      found.setAttribute("role", "status");
      document.body.append(found);
    }
    return found;
  };
  const button = (text, does) => {
    const made = document.createElement("button");
    made.type = "button"; made.textContent = text; made.addEventListener("click", does);
    return made;
  };
  const show = () => {
    document.querySelectorAll("input[data-pick]").forEach((box) => { box.checked = picked.has(box.dataset.pick); });
    const keys = [...picked.keys()], names = [...picked.values()], shown = bar();
    shown.hidden = !keys.length;
    const said = document.createElement("span");
    said.textContent = keys.length === 1 ? `${names[0]}: tick another one to compare` : names.join("  and  ");
    const parts = [said];
    if (keys.length === 2) {
      const link = document.createElement("a");
      link.href = `/compare?a=${encodeURIComponent(keys[0])}&b=${encodeURIComponent(keys[1])}`;
      link.className = "go"; link.textContent = "Compare";
      parts.push(link);
    }
    shown.replaceChildren(...parts, button("Clear", () => { picked.clear(); show(); }));
  };
  document.addEventListener("change", (event) => {
    const box = event.target.closest && event.target.closest("input[data-pick]");
    if (!box) return;
    if (box.checked) picked.set(box.dataset.pick, box.dataset.name); else picked.delete(box.dataset.pick);
    if (picked.size > 2) picked.delete([...picked.keys()][1]);  // the one that was ticked last takes its place
    show();
  });
  window.crossomniPicked = show;
})();
