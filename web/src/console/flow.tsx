// The flow: a live picture of all stages, and the same numbers as a table.
/** @jsxImportSource preact */

import { useEffect, useState } from "preact/hooks";

import { number } from "./numbers.ts";
import type { System } from "./operations.ts";
import { Picture } from "./picture.tsx";
import { COMMAND_SIDE, QUERY_SIDE, type Stage } from "./stages.ts";
import { MINUTES, type Moment } from "./system.ts";
import { Table } from "./table.tsx";

const NARROW = matchMedia("(max-width: 760px)");

export function Flow({ now, past }: { now: System; past: Moment[] }) {
  const [isNarrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const follow = () => setNarrow(NARROW.matches);
    NARROW.addEventListener("change", follow);
    return () => NARROW.removeEventListener("change", follow);
  }, []);
  return (
    <section aria-labelledby="flow">
      <h2 id="flow">Flow</h2>
      <Picture now={now} past={past} isNarrow={isNarrow} />
      <details>
        <summary>The same in numbers</summary>
        <Numbers now={now} past={past} />
      </details>
    </section>
  );
}

function Numbers({ now, past }: { now: System; past: Moment[] }) {
  const values = ({ of }: Stage) => past.map(({ flow }) => of(flow));
  return (
    <Table
      caption="The stages of the flow"
      rows={[...COMMAND_SIDE, ...QUERY_SIDE]}
      name={({ name }) => name}
      empty=""
      columns={[
        { head: "Stage", cell: ({ name }) => name },
        { head: "Now", cell: ({ of, unit }) => `${number(of(now.flow))} ${unit}`, as: "number" },
        { head: `Most in ${MINUTES} minutes`, cell: (stage) => number(Math.max(...values(stage))), as: "number" },
        { head: "More", cell: ({ notes }) => notes(now).filter(Boolean).join(", ") },
      ]}
    />
  );
}
