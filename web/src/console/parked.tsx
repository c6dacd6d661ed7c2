// Parked events: why they could not be projected, and what staff can do about them.
/** @jsxImportSource preact */

import { useEffect, useState } from "preact/hooks";

import type { Connection } from "./connection.ts";
import { Discarding } from "./discarding.tsx";
import { Aggregate } from "./events.tsx";
import { counted, moment } from "./numbers.ts";
import { DISCARD, PARKED, RETRY, type ParkedEvent, type ParkingResult } from "./operations.ts";

const PAGE = 20;

/** `count` is how many there are, as last heard: where it changes, the list is read again. */
export function Parked({ connection, count }: { connection: Connection; count: number }) {
  const [events, setEvents] = useState<ParkedEvent[]>([]);
  const [hasMore, setMore] = useState(false);
  const [first, setFirst] = useState(PAGE);
  const [reads, setReads] = useState(0);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const [discarding, setDiscarding] = useState<ParkedEvent | null>(null);

  useEffect(() => {
    let isOver = false;
    connection.ask(PARKED, { first }).then(
      ({ parkedEvents: { nodes, pageInfo } }) => {
        if (isOver) return;
        setEvents(nodes);
        setMore(pageInfo.hasNextPage && first < 100);
      },
      (error: Error) => !isOver && setSaid(error.message),
    );
    return () => {
      isOver = true;
    };
  }, [connection, count, first, reads]);

  const act = async (event: ParkedEvent, request: () => Promise<ParkingResult>) => {
    setBusy(true);
    setSaid(`Asking for ${nameOf(event)} …`);
    try {
      setSaid(outcomeOf(event, await request()));
    } catch (error) {
      setSaid((error as Error).message);
    }
    setBusy(false);
    setReads((reads) => reads + 1);
  };
  const retry = (event: ParkedEvent) =>
    act(event, async () => (await connection.ask(RETRY, { id: event.id })).result);
  const discard = (event: ParkedEvent, why: string) => {
    setDiscarding(null);
    return act(event, async () => (await connection.ask(DISCARD, { id: event.id, why })).result);
  };
  return (
    <section aria-labelledby="parked">
      <h2 id="parked">Parked events</h2>
      <p role="status">{said}</p>
      {events.length === 0 && <p class="empty">Nothing is parked.</p>}
      <ul class="cards">
        {events.map((event) => (
          <li key={event.id}>
            <One event={event} busy={busy} retry={() => retry(event)} discard={() => setDiscarding(event)} />
          </li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" class="quiet" onClick={() => setFirst(first + PAGE)}>
          More
        </button>
      )}
      {discarding && (
        <Discarding
          name={nameOf(discarding)}
          behind={discarding.behind}
          cancel={() => setDiscarding(null)}
          discard={(why) => discard(discarding, why)}
        />
      )}
    </section>
  );
}

const nameOf = ({ type, id }: ParkedEvent) => `${type || "An event"} (${id})`;

interface Shown {
  event: ParkedEvent;
  busy: boolean;
  retry: () => void;
  discard: () => void;
}

function One({ event, busy, retry, discard }: Shown) {
  const { type, aggregateId, version, partition, position, occurredAt, actor, reason, behind, entry } = event;
  return (
    <article>
      <h3>{type || "An event that does not say what it is"}</h3>
      <p class="reason">{reason}</p>
      <dl>
        <dt>Of</dt>
        <dd class="code">
          <Aggregate id={aggregateId} />
          {version !== null && `, version ${version}`}
        </dd>
        <dt>Position</dt>
        <dd class="code">
          {partition}: {position}
        </dd>
        <dt>Taken</dt>
        <dd>{[occurredAt && moment(occurredAt), actor].filter(Boolean).join(", by ") || "it does not say"}</dd>
        <dt>Behind it</dt>
        <dd>{behind ? `${counted(behind, "later event")} of the same` : "nothing"}</dd>
      </dl>
      <details>
        <summary>What it says</summary>
        <pre tabIndex={0}>{JSON.stringify(entry, null, 2)}</pre>
      </details>
      <div class="actions">
        <button type="button" disabled={busy} onClick={retry} aria-label={`Retry ${nameOf(event)}`}>
          Retry
        </button>
        <button type="button" class="dangerous" disabled={busy} onClick={discard} aria-label={`Discard ${nameOf(event)}`}>
          Discard …
        </button>
        {event.isDiscarded && <span class="note">Given up already; its turn comes after an earlier event.</span>}
      </div>
    </article>
  );
}

function outcomeOf(event: ParkedEvent, { receipt, userErrors }: ParkingResult): string {
  if (!receipt) return userErrors.map(({ message }) => message).join(" ");
  const takenIn = receipt.takenIn ? ` ${counted(receipt.takenIn, "event")} taken in.` : "";
  switch (receipt.outcome) {
    case "FREE":
      return `Nothing of ${event.aggregateId} is parked any more.${takenIn}`;
    case "STUCK":
      return `${receipt.position} stays parked: ${receipt.reason}.${takenIn}`;
    case "WAITING":
      return "No projector has taken it up yet. The request is kept.";
  }
}
