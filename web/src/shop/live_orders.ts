// A list of orders that stays right: read once, then again whenever one of them has changed.

import type { TypedDocumentNode } from "@urql/core";
import { useCallback, useEffect, useRef, useState } from "react";

import { followOrders } from "../../../docs/recipes/graphql-ws.js";
import { ask } from "./asking.ts";
import { type OrdersChangedSubscription, PositionDocument } from "./generated.ts";
import type { Session } from "./session.ts";

export type Change = OrdersChangedSubscription["ordersChanged"];

interface LiveOrders<Data> {
  data?: Data;
  problem?: unknown;
  /** Shows the list as it is after the command of this token, or later. */
  readAfter: (token: string) => Promise<void>;
}

/** The list that `query` gives, followed through all interruptions; `onChange` hears each change once. */
export function useLiveOrders<Data>(
  { client, live }: Session,
  query: TypedDocumentNode<Data, { with?: string[] | string | null }>,
  onChange: (change: Change) => void,
): LiveOrders<Data> {
  const [data, setData] = useState<Data>();
  const [problem, setProblem] = useState<unknown>();
  const hear = useRef(onChange);
  hear.current = onChange;
  const latest = useRef(0);

  const read = useCallback(
    async (token?: string) => {
      const number = ++latest.current;
      const read = await ask(client, query, { with: token ? [token] : undefined });
      if (number === latest.current) setData(read); // one that was asked later knows more
    },
    [client, query],
  );

  useEffect(() => {
    const following = followOrders(live, {
      position: async () => (await ask(client, PositionDocument, {})).projection.position,
      read: () => read(),
      onChange: (change: Change) => {
        hear.current(change);
        read().catch(setProblem);
      },
      onError: ([error]: unknown[]) => setProblem(error),
    });
    following.catch(setProblem);
    return () => void following.then((stop) => stop());
  }, [client, live, read]);

  return { data, problem, readAfter: read };
}
