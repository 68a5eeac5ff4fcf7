// What a page can do with a script: sort and filter tables, show the values of a chart at once.
// The page is complete without it.
(() => {
  "use strict";

  const UNITS = new Map([
    ["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9], ["min", 6e10], ["h", 3.6e12],
    ["kB", 1e3], ["MB", 1e6], ["GB", 1e9], ["KiB", 2 ** 10], ["MiB", 2 ** 20], ["GiB", 2 ** 30],
  ]);

  // The number that a text begins with, in the smallest unit; null if there is none.
  const numberOf = (text) => {
    const found = /^([-+]?[\d,]*\.?\d+)\s*([^\s\d[(/]*)/.exec(text.trim());
    if (!found) return null;
    return Number(found[1].replaceAll(",", "")) * (UNITS.get(found[2]) ?? 1);
  };

  // Rows that belong together: the first of them names the series, the others go on with it.
  const unitsOf = (body) => {
    const units = [];
    for (const row of body.rows) {
      if (row.classList.contains("group")) continue;
      if (row.classList.contains("more") && units.length > 0) units.at(-1).push(row);
      else units.push([row]);
    }
    return units;
  };

  const compare = (a, b) => {
    const [one, other] = [numberOf(a), numberOf(b)];
    if (one !== null && other !== null) return one - other;
    // What has no number comes last.
    if (one !== null || other !== null) return one !== null ? -1 : 1;
    return a.localeCompare(b, "en", { numeric: true });
  };

  const sort = (table, at, head) => {
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    for (const body of table.tBodies) {
      const text = (unit) => unit[0].cells[at]?.textContent ?? "";
      const units = unitsOf(body).sort((a, b) => compare(text(a), text(b)));
      if (descending) units.reverse();
      body.append(...units.flat());
    }
  };

  const filter = (table, wanted) => {
    for (const body of table.tBodies) {
      let shown = 0;
      for (const unit of unitsOf(body)) {
        const text = unit.map((row) => row.textContent).join(" ").toLowerCase();
        const hidden = !text.includes(wanted);
        for (const row of unit) row.hidden = hidden;
        shown += hidden ? 0 : 1;
      }
      body.hidden = shown === 0;
    }
  };

  for (const table of document.querySelectorAll("main section:not(.first) table")) {
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      if (head.tagName !== "TH") return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sort(table, at, head));
      head.replaceChildren(button);
    });
    if (table.rows.length > 10) {
      const input = document.createElement("input");
      input.type = "search";
      input.className = "filter";
      input.placeholder = "Filter";
      const region = table.parentElement;
      input.setAttribute("aria-label", `Filter: ${region.getAttribute("aria-label")}`);
      input.addEventListener("input", () => filter(table, input.value.trim().toLowerCase()));
      region.before(input);
    }
  }

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  // The browser's own tip comes a second late.
  for (const title of document.querySelectorAll(".hit title")) {
    title.parentElement.dataset.words = title.textContent;
    title.remove();
  }
  document.addEventListener("pointermove", (event) => {
    const words = event.target.dataset?.words;
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words;
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, room))}px`;
    tip.style.top = `${event.clientY + 14}px`;
  });
})();
