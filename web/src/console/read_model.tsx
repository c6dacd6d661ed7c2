// The read model, partition by partition: how far it is, and how it is made anew.
/** @jsxImportSource preact */

import { useState } from "preact/hooks";

import type { Connection } from "./connection.ts";
import { number, perSecond, seconds } from "./numbers.ts";
import { REBUILD, type Partition, type Process, type RebuildReceipt } from "./operations.ts";
import { Table } from "./table.tsx";

interface Shown {
  connection: Connection;
  partitions: Partition[];
  processes: Process[];
}

export function ReadModel({ connection, partitions, processes }: Shown) {
  const [asked, setAsked] = useState<RebuildReceipt[]>([]);
  const [refusal, setRefusal] = useState("");
  const owners = new Map(processes.map(({ id, host, pid }) => [id, `${host} ${pid}`]));

  const rebuild = async (which: string, rate: string) => {
    setRefusal("");
    try {
      const input = {
        ...(which ? { partitions: [Number(which)] } : {}),
        ...(rate ? { eventsPerSecond: Number(rate) } : {}),
      };
      const { receipts, userErrors } = (await connection.ask(REBUILD, { input })).rebuild;
      setAsked((before) => [...before.filter(({ partition }) => !receipts.some((its) => its.partition === partition)), ...receipts]);
      setRefusal(userErrors.map(({ message }) => message).join(" "));
    } catch (error) {
      setRefusal((error as Error).message);
    }
  };
  return (
    <section aria-labelledby="read-model">
      <h2 id="read-model">Read model</h2>
      <RebuildForm partitions={partitions} rebuild={rebuild} />
      {refusal && <p role="alert">{refusal}</p>}
      <p role="status">{summary(partitions, asked)}</p>
      <Table
        caption="Partitions of the read model"
        rows={partitions}
        name={({ number }) => number}
        empty="There is none."
        columns={[
          { head: "Partition", cell: (its) => its.number, as: "number" },
          { head: "Published up to", cell: (its) => its.publishedPosition, as: "code" },
          { head: "Shown up to", cell: (its) => its.projectedPosition, as: "code" },
          { head: "Lag", cell: (its) => (its.lagEvents ? `${number(its.lagEvents)}, ${seconds(its.lagSeconds)}` : "0"), as: "number" },
          { head: "Events", cell: (its) => perSecond(its.eventsPerSecond), as: "number" },
          { head: "Stream", cell: (its) => number(its.streamLength), as: "number" },
          { head: "Parked", cell: (its) => number(its.parkedEvents), as: "number" },
          { head: "Projector", cell: (its) => (its.owner ? (owners.get(its.owner) ?? its.owner) : "nobody") },
          { head: "Generation", cell: (its) => (its.isComplete ? its.generation : "being prepared"), as: "number" },
          { head: "Rebuild", cell: (its) => <Progress partition={its} asked={askedOf(its, asked)} /> },
        ]}
      />
    </section>
  );
}

function RebuildForm({ partitions, rebuild }: { partitions: Partition[]; rebuild: (which: string, rate: string) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    rebuild(String(data.get("which")), String(data.get("rate")));
  };
  return (
    <form class="row" onSubmit={submit}>
      <label>
        Make anew
        <select name="which">
          <option value="">all partitions</option>
          {partitions.map(({ number }) => (
            <option key={number} value={number}>
              partition {number}
            </option>
          ))}
        </select>
      </label>
      <label>
        Events/s, at most
        <input name="rate" type="number" min={1} placeholder="no bound" />
      </label>
      <button type="submit">Rebuild</button>
      <p class="note">From the journal, beside the one that serves, which goes on until the new one is complete.</p>
    </form>
  );
}

const askedOf = ({ number }: Partition, asked: RebuildReceipt[]) => asked.find(({ partition }) => partition === number);

const isDone = (partition: Partition, asked: RebuildReceipt) => partition.generation >= asked.generation;

function summary(partitions: Partition[], asked: RebuildReceipt[]): string {
  if (!asked.length) return "";
  const done = partitions.filter((partition) => {
    const receipt = askedOf(partition, asked);
    return receipt && isDone(partition, receipt);
  });
  return done.length === asked.length
    ? `The rebuild is done: ${asked.length === 1 ? "the new generation serves" : `all ${asked.length} new generations serve`}.`
    : `Rebuilding: ${done.length} of ${asked.length} done.`;
}

function Progress({ partition, asked }: { partition: Partition; asked: RebuildReceipt | undefined }) {
  const { number: partitionNumber, rebuild } = partition;
  if (rebuild?.problem) return <span class="reason">{rebuild.problem}</span>;
  if (rebuild) {
    const { generation, purpose, replayedEvents, totalEvents } = rebuild;
    return (
      <span class="progress">
        <progress
          aria-label={`${purpose} of partition ${partitionNumber}`}
          value={totalEvents ? Math.min(replayedEvents, totalEvents) : undefined}
          max={totalEvents || 1}
        />
        {purpose} {generation}: {number(replayedEvents)} of {number(totalEvents)}
      </span>
    );
  }
  if (!asked) return null;
  return <>{isDone(partition, asked) ? `done: ${asked.generation} serves` : `${asked.generation} was asked for`}</>;
}
