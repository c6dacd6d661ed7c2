// Events going by, as they become visible; they can be held still to be read.
/** @jsxImportSource preact */

import { useEffect, useState } from "preact/hooks";

import type { Connection } from "./connection.ts";
import { number, time } from "./numbers.ts";
import { EVENTS, type PassingEvent } from "./operations.ts";
import { orderAddress } from "./order.tsx";
import { Table } from "./table.tsx";

const KEPT = 100;

interface Wanted {
  type?: string;
  aggregateId?: string;
}

export function EventsPassing({ connection }: { connection: Connection }) {
  const [wanted, setWanted] = useState<Wanted>({});
  const { events, isHeard, hasGaps, problem } = useEvents(connection, wanted);
  const [held, setHeld] = useState<PassingEvent[] | null>(null);

  const filter = (event: SubmitEvent) => {
    event.preventDefault();
    const entries = [...new FormData(event.currentTarget as HTMLFormElement)].filter(([, value]) => value);
    setHeld(null);
    setWanted(Object.fromEntries(entries));
  };
  return (
    <section aria-labelledby="events">
      <div class="heading">
        <h2 id="events">Events going by</h2>
        <button type="button" class={held ? "" : "quiet"} onClick={() => setHeld(held ? null : events)}>
          {held ? "Go on" : "Pause"}
        </button>
      </div>
      <form class="row" onSubmit={filter}>
        <label>
          Type <input name="type" placeholder="OrderPlaced" autocomplete="off" />
        </label>
        <label>
          Of <input name="aggregateId" placeholder="ord_…" autocomplete="off" />
        </label>
        <button type="submit" class="quiet">
          Show these
        </button>
      </form>
      {problem && <p role="alert">{problem}</p>}
      <p class="note">
        {held
          ? `Paused; ${since(held, events)} went by since.`
          : `At most ${KEPT}, the newest first.`}
        {hasGaps && " There were more: in a hurry only the latest are shown."}
      </p>
      <Table
        caption="Events going by"
        rows={held ?? events}
        name={({ partition, position }) => `${partition} ${position}`}
        empty={isHeard ? "None yet." : "Not heard yet."}
        columns={[
          { head: "Seen", cell: ({ visibleAt }) => time(visibleAt), as: "number" },
          { head: "Type", cell: ({ type }) => <strong>{type}</strong> },
          { head: "Of", cell: ({ aggregateId }) => <Aggregate id={aggregateId} />, as: "code" },
          { head: "Version", cell: ({ version }) => version, as: "number" },
          { head: "Delay", cell: ({ milliseconds }) => (milliseconds === null ? "" : `${number(milliseconds)} ms`), as: "number" },
          { head: "Position", cell: ({ partition, position }) => `${partition}: ${position}`, as: "code" },
        ]}
      />
    </section>
  );
}

/** What an event is of; an order leads to its history. */
export function Aggregate({ id }: { id: string }) {
  return id.startsWith("ord_") ? <a href={orderAddress(id)}>{id}</a> : <>{id}</>;
}

/** How many have come since these were held. */
function since([latest]: PassingEvent[], events: PassingEvent[]): string {
  const come = latest ? events.indexOf(latest) : events.length;
  return come < 0 || come === KEPT ? `${KEPT} or more` : number(come);
}

function useEvents(connection: Connection, wanted: Wanted) {
  const [events, setEvents] = useState<PassingEvent[]>([]);
  const [isHeard, setHeard] = useState(false);
  const [hasGaps, setGaps] = useState(false);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    setEvents([]);
    setHeard(false);
    setGaps(false);
    return connection.follow(
      EVENTS,
      { ...wanted },
      ({ eventsPassing }) => {
        setHeard(true);
        setEvents((before) => [...eventsPassing.events.toReversed(), ...before].slice(0, KEPT));
        setGaps((before) => before || eventsPassing.hasGaps);
      },
      setProblem,
    );
  }, [connection, wanted]);
  return { events, isHeard, hasGaps, problem };
}
