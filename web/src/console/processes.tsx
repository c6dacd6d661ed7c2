// The processes that are alive, and what each does.
/** @jsxImportSource preact */

import { moment, number, perSecond } from "./numbers.ts";
import type { Process } from "./operations.ts";
import { Table } from "./table.tsx";

export function Processes({ processes }: { processes: Process[] }) {
  return (
    <section aria-labelledby="processes">
      <h2 id="processes">Processes</h2>
      <Table
        caption="Processes that are alive"
        rows={processes}
        name={({ id }) => id}
        empty="There is none."
        columns={[
          { head: "Part", cell: ({ part, leads }) => <Part part={part} leads={leads} /> },
          { head: "Where", cell: ({ host, pid }) => `${host} ${pid}` },
          { head: "Since", cell: ({ startedAt }) => moment(startedAt) },
          { head: "Partitions", cell: ({ partitions }) => partitions.join(", ") },
          { head: "Does", cell: (process) => does(process) },
        ]}
      />
    </section>
  );
}

function Part({ part, leads }: { part: string; leads: boolean | null }) {
  return (
    <>
      <strong>{part}</strong>
      {leads === false && " (stands by)"}
    </>
  );
}

/** Its numbers in words, those that it has. */
function does(process: Process): string {
  const rates: [number | null, string][] = [
    [process.requestsPerSecond, "answers"],
    [process.commandsPerSecond, "commands"],
    [process.commitsPerSecond, "commits"],
    [process.publishedEventsPerSecond, "events published"],
    [process.projectedEventsPerSecond, "events projected"],
    [process.noticesPerSecond, "notices"],
  ];
  const there: [number | null, string][] = [
    [process.subscriptions, "subscriptions"],
    [process.sockets, "WebSockets"],
  ];
  const told = ([value]: [number | null, string]) => value !== null;
  return [
    ...rates.filter(told).map(([value, what]) => `${perSecond(value)} ${what}`),
    ...there.filter(told).map(([value, what]) => `${number(value ?? 0)} ${what}`),
  ].join(", ");
}
