// Who looks at the console: somebody with a token of staff, or somebody who is asked for one.
/** @jsxImportSource preact */

import { useEffect, useState } from "preact/hooks";

import { Connection, type State } from "./connection.ts";
import { EventsPassing } from "./events.tsx";
import { Flow } from "./flow.tsx";
import { OrderHistory, orderInAddress } from "./order.tsx";
import { Parked } from "./parked.tsx";
import { Processes } from "./processes.tsx";
import { ReadModel } from "./read_model.tsx";
import { SigningIn } from "./signing_in.tsx";
import { useSystem } from "./system.ts";

const KEPT = "orderstream:token";

/** The console for the token that is `given` by the server, or was kept in this tab; else the question for one. */
export function App({ given }: { given: string | null }) {
  const [token, setToken] = useState(given ?? sessionStorage.getItem(KEPT));
  const [refusal, setRefusal] = useState("");

  const enter = (token: string) => {
    sessionStorage.setItem(KEPT, token);
    setToken(token);
  };
  const leave = (refusal: string) => {
    sessionStorage.removeItem(KEPT);
    setRefusal(refusal);
    setToken(null);
  };
  return token ? <Console token={token} leave={leave} /> : <SigningIn refusal={refusal} enter={enter} />;
}

const SAID: Record<State, string> = {
  connecting: "Connecting …",
  live: "Live",
  lost: "Connection lost. Trying again …",
};

function Console({ token, leave }: { token: string; leave: (refusal: string) => void }) {
  const [state, setState] = useState<State>("connecting");
  const [connection, setConnection] = useState<Connection | null>(null);
  useEffect(() => {
    const connection = new Connection(token, setState, leave);
    setConnection(connection);
    return () => connection.close();
  }, [token]);
  return (
    <>
      <header>
        <h1>Orderstream console</h1>
        <p role="status" class={`connection ${state}`}>
          {SAID[state]}
        </p>
        <button type="button" class="quiet" onClick={() => leave("")}>
          Sign out
        </button>
      </header>
      {connection && <Sections connection={connection} isLive={state === "live"} />}
    </>
  );
}

function Sections({ connection, isLive }: { connection: Connection; isLive: boolean }) {
  const { now, past, problem } = useSystem(connection);
  const [orderId, setOrderId] = useState(orderInAddress);
  useEffect(() => {
    const follow = () => setOrderId(orderInAddress());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  if (!now) return <main>{problem && <p role="alert">{problem}</p>}</main>;
  return (
    <main class={isLive ? "" : "stale"}>
      {problem && <p role="alert">{problem}</p>}
      <Flow now={now} past={past} />
      <div class="columns">
        <EventsPassing connection={connection} />
        <Parked connection={connection} count={now.flow.parkedEvents} />
      </div>
      <OrderHistory connection={connection} id={orderId} parked={now.flow.parkedEvents} />
      <ReadModel connection={connection} partitions={now.partitions} processes={now.processes} />
      <Processes processes={now.processes} />
    </main>
  );
}
