"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const form = document.querySelector("form.filter");
  const [text, state, shown] = ["text", "state", "shown"].map((id) => document.getElementById(id));
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const names = rows.map((row) => row.cells[0].textContent.normalize("NFKC").toLowerCase());
  const states = rows.map((row) => row.dataset.states.split(" "));
  let sorted = null;

  function value(row, column, kind) {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.trim();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  }

  function sort(column, direction) {
    const kind = headings[column].dataset.sort;
    const sign = direction === "ascending" ? 1 : -1;
    const keyed = rows.map((row) => [value(row, column, kind), row]);
    const empty = (key) => key === null || key === "";
    keyed.sort(([a], [b]) => {
      if (empty(a) || empty(b)) return empty(a) - empty(b); // rows without a value come last in both directions
      return sign * (kind === "text" ? collator.compare(a, b) : a - b);
    });
    body.append(...keyed.map(([, row]) => row));
    headings.forEach((heading, place) => heading.setAttribute("aria-sort", place === column ? direction : "none"));
    sorted = { column, direction };
    remember();
  }

  function filter() {
    const query = text.value.normalize("NFKC").toLowerCase().trim();
    let count = 0;
    rows.forEach((row, place) => {
      row.hidden = !names[place].includes(query) || (state.value !== "" && !states[place].includes(state.value));
      count += !row.hidden;
    });
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
    remember();
  }

  function remember() {
    history.replaceState({ sorted, text: text.value, state: state.value }, "");
  }

  for (const [column, heading] of headings.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      sort(column, heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
  }
  text.addEventListener("input", filter);
  state.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  // Coming back from a student's page, staff find the table as they left it.
  const left = history.state;
  if (left) {
    [text.value, state.value] = [left.text, left.state];
    filter();
    if (left.sorted) sort(left.sorted.column, left.sorted.direction);
  }

  // On paper nothing can be unfolded, so everything is printed unfolded.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      details.dataset.printed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-printed]")) {
      details.open = false;
      delete details.dataset.printed;
    }
  });
})();
