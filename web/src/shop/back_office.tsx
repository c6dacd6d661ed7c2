// The back office: staff confirm orders, ship them, and say when they have arrived.

import { type ReactNode, useEffect, useState } from "react";

import { command, type Receipt } from "./asking.ts";
import { Connection } from "./connection.tsx";
import { Field, useForm } from "./form.tsx";
import {
  BackOfficeDocument,
  type BackOfficeQuery,
  ConfirmOrderDocument,
  DeliverOrderDocument,
  ShipOrderDocument,
} from "./generated.ts";
import { useLiveOrders } from "./live_orders.ts";
import { type Session, signIn } from "./session.ts";
import { Heading } from "./shop.tsx";
import { Money, Problem, shortened, Time } from "./showing.tsx";

type Row = BackOfficeQuery["placed"]["nodes"][number];
type Send = (sent: Promise<Receipt>) => Promise<void>;

/** Here the same person is staff, with a token and connections of their own. */
export function BackOffice() {
  const [staff, setStaff] = useState<Session>();
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => void signIn("staff").then(setStaff, setProblem), []);
  return (
    <>
      <Heading>Back office</Heading>
      <Problem of={problem} />
      {staff && <Work staff={staff} />}
    </>
  );
}

function Work({ staff }: { staff: Session }) {
  const { data, problem, readAfter } = useLiveOrders(staff, BackOfficeDocument, () => {});
  // Read your own write: the lists are shown as they are after the command.
  const send: Send = async (sent) => readAfter((await sent).consistencyToken);
  return (
    <>
      <Connection live={staff.live} />
      <Problem of={problem} />
      <div className="work">
        <Column title="To confirm" orders={data?.placed}>
          {(order) => <Confirm staff={staff} order={order} send={send} />}
        </Column>
        <Column title="To ship" orders={data?.confirmed}>
          {(order) => <Ship staff={staff} order={order} send={send} />}
        </Column>
        <Column title="On their way" orders={data?.shipped}>
          {(order) => <Deliver staff={staff} order={order} send={send} />}
        </Column>
      </div>
    </>
  );
}

interface Listed {
  totalCount: number;
  nodes: Row[];
}

function Column({ title, orders, children }: { title: string; orders?: Listed; children: (order: Row) => ReactNode }) {
  return (
    <section aria-label={title}>
      <h2>
        {title} <span className="badge">{orders?.totalCount}</span>
      </h2>
      <ul className="cards">
        {orders?.nodes.map((order) => (
          <li key={order.id} aria-label={`Order ${shortened(order.id)}`}>
            <p>
              <strong>{shortened(order.id)}</strong> {order.customer.name}
            </p>
            <p>
              <small>
                <Time at={order.placedAt ?? order.createdAt} />
              </small>{" "}
              <Money of={order.total} />
            </p>
            {children(order)}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Action {
  staff: Session;
  order: Row;
  send: Send;
}

/** What was seen is what is decided on: if somebody was faster, the command is refused and the list has changed. */
const seen = ({ id, version }: Row) => ({ orderId: id, expectedVersion: version });

// Each of these happens once to an order in one version, which makes a good idempotency key: a colleague who has the
// same in mind has the same key too, but keys of other callers never clash.
function Confirm({ staff, order, send }: Action) {
  const form = useForm(() =>
    send(command(staff.client, ConfirmOrderDocument, seen(order), `confirm ${order.id} ${order.version}`)),
  );
  return (
    <form {...form.handlers}>
      <Problem of={form.problem} />
      <button disabled={form.isBusy}>Confirm</button>
    </form>
  );
}

function Ship({ staff, order, send }: Action) {
  const form = useForm((travel: { carrier: string; trackingNumber: string }) =>
    send(command(staff.client, ShipOrderDocument, { ...seen(order), ...travel }, `ship ${order.id} ${order.version}`)),
  );
  return (
    <form {...form.handlers}>
      <Field form={form} name="carrier" label="Carrier" defaultValue="DHL" />
      <Field form={form} name="trackingNumber" label="Tracking number" />
      <Problem of={form.problem} />
      <button disabled={form.isBusy}>Ship</button>
    </form>
  );
}

function Deliver({ staff, order, send }: Action) {
  const form = useForm(() =>
    send(command(staff.client, DeliverOrderDocument, seen(order), `deliver ${order.id} ${order.version}`)),
  );
  return (
    <form {...form.handlers}>
      <Problem of={form.problem} />
      <button disabled={form.isBusy}>It has arrived</button>
    </form>
  );
}
