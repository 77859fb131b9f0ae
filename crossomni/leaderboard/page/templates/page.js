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
  // The table for what stands in the page's parts, and the order that it is in, as [order, table].
  const names = ["arranged", "text", "prompt", "labels", "data", "receipts"];
  window.crossomniTable = async (asked, clicked) => {
    const wish = new URLSearchParams({...Object.fromEntries(names.map((name, at) => [name, asked[at] || ""])), ...clicked});
    try {
      const answer = await fetch(`/table?${wish}`), text = await answer.text();
      if (answer.ok) return [answer.headers.get("X-Arranged"), text];
      return [asked[0], told(text)];
    } catch (error) {
      return [asked[0], told("The board does not answer now. Try again later.")];
    }
  };
  const told = (text) => {
    const said = document.createElement("p");
    said.className = "told"; said.textContent = text;
    return said.outerHTML;
  };
})();
