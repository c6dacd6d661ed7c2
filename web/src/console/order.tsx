// The whole history of an order: its events, position by position, beside what is shown of it.
/** @jsxImportSource preact */

import { useEffect, useRef, useState } from "preact/hooks";

import type { Connection } from "./connection.ts";
import { moment, number } from "./numbers.ts";
import { EVENTS, HISTORY, type History, type Order, type OrderEvent } from "./operations.ts";
import { Table } from "./table.tsx";

/** The address of an order's history, in this page. */
export const orderAddress = (id: string) => `#${id}`;

/** The order whose history the page's address asks for; empty where it asks for none. */
export const orderInAddress = () => (location.hash.startsWith("#ord_") ? location.hash.slice(1) : "");

interface Shown {
  connection: Connection;
  id: string;
  parked: number;
}

/** Of the order with this `id`, if there is one; `parked` is how many events are, in the whole system. */
export function OrderHistory({ connection, id, parked }: Shown) {
  const { history, problem } = useHistory(connection, id, parked);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (id) heading.current?.focus();
  }, [id]);
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    location.hash = orderAddress(String(new FormData(event.currentTarget as HTMLFormElement).get("id")).trim());
  };
  return (
    <section aria-labelledby="order">
      <h2 id="order" ref={heading} tabIndex={-1}>
        History of an order
      </h2>
      <form class="row" role="search" onSubmit={search}>
        <label class="long">
          Id of the order
          <input key={id} name="id" placeholder="ord_…" defaultValue={id} pattern="\s*ord_\S+\s*" required autocomplete="off" />
        </label>
        <button type="submit">Show</button>
      </form>
      {problem && <p role="alert">{problem}</p>}
      {history && (
        <div class="columns beside">
          <Happened history={history} />
          <Row order={history.order} />
        </div>
      )}
    </section>
  );
}

/**
 * The history, read again whenever something happens to the order; and why there is none.
 *
 * What was parked does not go by once more when it is taken in: so it is read again where the number of those changes, too.
 */
function useHistory(connection: Connection, id: string, parked: number): { history: History | null; problem: string } {
  const [history, setHistory] = useState<History | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    setHistory((before) => (before?.order.id === id ? before : null));
    setProblem("");
    if (!id) return;
    let isOver = false;
    const read = async () => {
      try {
        const history = await wholeHistory(connection, id);
        if (isOver) return;
        setHistory(history);
        setProblem(history ? "" : `There is no order ${id}.`);
      } catch (error) {
        if (!isOver) setProblem((error as Error).message);
      }
    };
    // The first message comes at once, and says that no later event will be missed.
    const leave = connection.follow(EVENTS, { aggregateId: id }, () => void read(), setProblem);
    return () => {
      isOver = true;
      leave();
    };
  }, [connection, id, parked]);
  return { history, problem };
}

/** All of it after the cursor, page by page; null where there is no such order. */
async function wholeHistory(connection: Connection, id: string, after?: string): Promise<History | null> {
  const { orderHistory: page } = await connection.ask(HISTORY, { id, after });
  if (!page?.pageInfo.hasNextPage) return page;
  const rest = await wholeHistory(connection, id, page.pageInfo.endCursor!);
  return rest && { ...rest, nodes: [...page.nodes, ...rest.nodes] };
}

function Happened({ history: { order, nodes, isWhole } }: { history: History }) {
  const became = new Map(order.timeline.map(({ version, status }) => [version, status]));
  return (
    <div>
      <h3>What happened</h3>
      {!isWhole && <p class="note">Its first events are not kept here any more; the journal has them.</p>}
      <Table<OrderEvent>
        caption="Events of the order"
        rows={nodes}
        name={({ version }) => version}
        empty="No event is kept."
        columns={[
          { head: "Version", cell: ({ version }) => version, as: "number" },
          { head: "Event", cell: ({ type, isDiscarded }) => <strong>{isDiscarded ? `${type} (discarded)` : type}</strong> },
          { head: "Became", cell: ({ version }) => became.get(version) ?? "" },
          { head: "Taken", cell: ({ occurredAt }) => occurredAt && moment(occurredAt) },
          { head: "By", cell: ({ actor }) => actor },
          { head: "Position", cell: ({ position }) => position, as: "code" },
          { head: "Says", cell: ({ data }) => data !== null && <Data data={data} /> },
        ]}
      />
    </div>
  );
}

function Data({ data }: { data: unknown }) {
  return (
    <details>
      <summary>Data</summary>
      <pre tabIndex={0}>{JSON.stringify(data, null, 2)}</pre>
    </details>
  );
}

function Row({ order }: { order: Order }) {
  const { id, version, status, customer, lines, total, updatedAt } = order;
  return (
    <div>
      <h3>What is shown</h3>
      <dl class="row-of">
        <dt>Order</dt>
        <dd class="code">{id}</dd>
        <dt>Version</dt>
        <dd>{number(version)}</dd>
        <dt>Status</dt>
        <dd>
          <strong>{status}</strong>
        </dd>
        <dt>Customer</dt>
        <dd>{customer.name}</dd>
        <dt>Lines</dt>
        <dd>
          <ul>
            {lines.map((line) => (
              <li key={line.productId}>
                {number(line.quantity)} × {line.name}, {line.lineTotal.amount} {line.lineTotal.currencyCode}
              </li>
            ))}
          </ul>
        </dd>
        <dt>Total</dt>
        <dd>
          {total.amount} {total.currencyCode}
        </dd>
        <dt>Changed</dt>
        <dd>{moment(updatedAt)}</dd>
      </dl>
    </div>
  );
}
