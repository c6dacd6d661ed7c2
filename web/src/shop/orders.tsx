// The shopper's orders, with their status as it is now.

import { MyOrdersDocument } from "./generated.ts";
import { Connection } from "./connection.tsx";
import { useLiveOrders } from "./live_orders.ts";
import type { Session } from "./session.ts";
import { Heading, useAnnounce } from "./shop.tsx";
import { Money, Problem, shortened, Status, STATUS, Time } from "./showing.tsx";

export function Orders({ session }: { session: Session }) {
  const announce = useAnnounce();
  const { data, problem } = useLiveOrders(session, MyOrdersDocument, ({ orderId, status }) => {
    if (status !== "DRAFT") announce(`Order ${shortened(orderId)}: ${STATUS[status]}.`);
  });
  // A basket is an order that has not been placed yet.
  const orders = data?.orders.nodes.filter((order) => order.status !== "DRAFT");
  return (
    <>
      <Heading>My orders</Heading>
      <Connection live={session.live} />
      <Problem of={problem} />
      {orders?.length === 0 && <p>You have not ordered anything yet.</p>}
      <ul className="orders">
        {orders?.map(({ id, status, itemCount, total, placedAt, createdAt }) => (
          <li key={id}>
            <a href={`#/orders/${id}`}>Order {shortened(id)}</a>
            <Status of={status} />
            <small>
              <Time at={placedAt ?? createdAt} />, {itemCount} {itemCount === 1 ? "item" : "items"}
            </small>
            <Money of={total} />
          </li>
        ))}
      </ul>
    </>
  );
}
