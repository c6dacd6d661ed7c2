// A table, of which each row is a list of its own where the screen is narrow.
/** @jsxImportSource preact */

import type { ComponentChildren } from "preact";

import "./table.css";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ComponentChildren;
  /** How it is set: numbers to the right, codes in a font of their own. */
  as?: "number" | "code";
}

interface Shown<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  name: (row: Row) => string | number;
  /** What is said instead of a table without rows. */
  empty: string;
}

/** The roles say what the elements are anyway: some browsers forget it where a style sheet shows them as something else. */
export function Table<Row>({ caption, columns, rows, name, empty }: Shown<Row>) {
  if (!rows.length) return <p class="empty">{empty}</p>;
  return (
    <div class="scrolls" role="region" aria-label={caption} tabIndex={0}>
      <table role="table">
        <caption class="unseen">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ head, as }) => (
              <th role="columnheader" scope="col" class={as}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row" key={name(row)}>
              {columns.map(({ head, cell, as }) => (
                <td role="cell" class={as} data-head={head}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
