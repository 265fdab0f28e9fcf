// A table whose rows are kept by key: a change of a value changes one text, and order follows from a column.
//
// A column: { title, right, value(row) to sort by, text(row), tone(row), cell(row) for a node instead of text,
// title text hover(row) }. Without `value` it cannot be sorted by.

import { element, setText, setTone } from "./elements.js";

export class Table {
  #columns;
  #keyOf;
  #sort;
  #body = element("tbody");
  #heads = [];
  #rows = new Map(); // key -> the row's element

  constructor(table, columns, keyOf, sort = null) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#sort = sort;
    table.append(this.#makeHead(), this.#body);
    this.#showSort();
    this.onSort = () => {};
  }

  #makeHead() {
    const head = element("thead");
    const row = element("tr");
    for (const column of this.#columns) {
      const cell = element("th", column.right ? "right" : "");
      cell.scope = "col";
      const label = element(column.value ? "button" : "span", "", column.title);
      if (column.value) {
        label.type = "button";
        label.addEventListener("click", () => this.#sortBy(column));
      }
      cell.append(label);
      row.append(cell);
      this.#heads.push(cell);
    }
    head.append(row);
    return head;
  }

  #sortBy(column) {
    const turns = this.#sort?.column === column.title;
    this.#sort = { column: column.title, descending: turns ? !this.#sort.descending : Boolean(column.right) };
    this.#showSort();
    this.onSort();
  }

  #showSort() {
    this.#heads.forEach((head, place) => {
      if (this.#sort?.column === this.#columns[place].title) {
        head.setAttribute("aria-sort", this.#sort.descending ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    });
  }

  #sorted(rows) {
    const column = this.#columns.find((candidate) => candidate.title === this.#sort?.column);
    if (column === undefined) {
      return rows;
    }
    const direction = this.#sort.descending ? -1 : 1;
    const compare = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
    return [...rows].sort(
      (left, right) =>
        direction * compare(column.value(left), column.value(right)) || compare(this.#keyOf(left), this.#keyOf(right)),
    );
  }

  #makeRow(row) {
    const node = element("tr");
    for (const column of this.#columns) {
      const cell = element("td", [column.right ? "right" : "", column.className ?? ""].join(" ").trim());
      if (column.cell) {
        cell.append(column.cell(row));
      }
      node.append(cell);
    }
    return node;
  }

  #fill(node, row) {
    this.#columns.forEach((column, place) => {
      const cell = node.cells[place];
      if (column.update) {
        column.update(cell.firstChild, row);
      } else if (column.text) {
        setText(cell, column.text(row));
      }
      if (column.tone) {
        setTone(cell, column.tone(row));
      }
      if (column.hover) {
        cell.title = column.hover(row);
      }
    });
  }

  // Shows exactly these rows.
  show(rows) {
    const kept = new Map();
    let next = this.#body.firstChild;
    for (const row of this.#sorted(rows)) {
      const key = this.#keyOf(row);
      const node = this.#rows.get(key) ?? this.#makeRow(row);
      this.#fill(node, row);
      kept.set(key, node);
      if (node === next) {
        next = next.nextSibling;
      } else {
        this.#body.insertBefore(node, next);
      }
    }
    for (const [key, node] of this.#rows) {
      if (!kept.has(key)) {
        node.remove();
      }
    }
    this.#rows = kept;
  }
}
