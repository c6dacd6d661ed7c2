// One order: how far it has come, live, and what is in it.

import { useEffect, useState } from "react";
import { useQuery } from "urql";

import { followOrder } from "../../../docs/recipes/graphql-ws.js";
import { Connection } from "./connection.tsx";
import { OrderDetailsDocument, type OrderDetailsQuery, type OrderStatus, type OrderStatusChangedSubscription } from "./generated.ts";
import type { Session } from "./session.ts";
import { Heading, useAnnounce } from "./shop.tsx";
import { Money, Problem, shortened, Status, STATUS, Time } from "./showing.tsx";

const WAY: OrderStatus[] = ["PLACED", "CONFIRMED", "SHIPPED", "DELIVERED"];

/** Tokens of orders that this page has placed itself: their first reading waits for the placing. */
const tokens = new Map<string, string>();

/** Opens the order that a command has made, as it is after that command or later. */
export function show(id: string, token: string): void {
  tokens.set(id, token);
  location.hash = `#/orders/${id}`;
}

type Details = NonNullable<OrderDetailsQuery["order"]>;

export function Order({ id, session }: { id: string; session: Session }) {
  const announce = useAnnounce();
  const [token] = useState(() => tokens.get(id));
  const [problem, setProblem] = useState<unknown>();
  const [{ data, error }, read] = useQuery({
    query: OrderDetailsDocument,
    variables: { id, with: token ? [token] : null },
    requestPolicy: "cache-and-network",
  });
  const order = data?.order;
  const from = order?.version;

  useEffect(() => {
    if (from === undefined) return;
    // From the version that is shown: what happens between the reading and this comes first, and so does what
    // happened while the connection was lost.
    type Change = OrderStatusChangedSubscription["orderStatusChanged"];
    const hear = ({ status }: Change) => {
      announce(`The order is ${STATUS[status].toLowerCase()}.`);
      read({ requestPolicy: "network-only" });
    };
    return followOrder(session.live, id, from, hear, ([error]: unknown[]) => setProblem(error));
    // Once: the subscription itself knows how far it has come.
  }, [id, session, from === undefined]);

  return (
    <>
      <Heading>{`Order ${shortened(id)}`}</Heading>
      <Connection live={session.live} />
      <Problem of={error ?? problem} />
      {data && !order && <p>There is no such order of yours.</p>}
      {order && <Progress order={order} />}
      {order && <Contents order={order} />}
    </>
  );
}

function Progress({ order: { status, timeline, cancellationReason, shipment } }: { order: Details }) {
  const at = new Map(timeline.map((change) => [change.status, change.occurredAt]));
  const way = status === "CANCELLED" ? timeline.map((change) => change.status).filter((of) => of !== "DRAFT") : WAY;
  return (
    <section aria-label="Progress">
      <p>
        <Status of={status} />
        {cancellationReason && <small> {cancellationReason.toLowerCase().replaceAll("_", " ")}</small>}
      </p>
      <ol className="way">
        {way.map((step) => (
          <li key={step} className={at.has(step) ? "done" : "open"} aria-current={step === status ? "step" : undefined}>
            <strong>{STATUS[step]}</strong> <small>{at.has(step) ? <Time at={at.get(step)!} /> : "not yet"}</small>
          </li>
        ))}
      </ol>
      {shipment && (
        <p>
          With {shipment.carrier}, number {shipment.trackingNumber}.
        </p>
      )}
    </section>
  );
}

function Contents({ order: { lines, total, shippingAddress } }: { order: Details }) {
  return (
    <section aria-label="Contents">
      <ul className="lines">
        {lines.map(({ productId, name, quantity, lineTotal }) => (
          <li key={productId}>
            <span className="what">
              {quantity} × {name}
            </span>
            <Money of={lineTotal} />
          </li>
        ))}
      </ul>
      <p className="total">
        Total <Money of={total} />
      </p>
      {shippingAddress && (
        <address>
          {shippingAddress.recipient}, {shippingAddress.street}, {shippingAddress.postalCode} {shippingAddress.city},{" "}
          {shippingAddress.countryCode}
        </address>
      )}
    </section>
  );
}
