// How the system is doing, every second, and how it did in the last minutes.

import { useEffect, useState } from "preact/hooks";

import type { Connection } from "./connection.ts";
import { OPERATIONS, type Flow, type System } from "./operations.ts";

export const MINUTES = 5;

/** What flowed at a moment, in milliseconds. */
export interface Moment {
  at: number;
  flow: Flow;
}

interface Seen {
  now: System | null;
  past: Moment[];
}

/** What goes on now, null at first; the last minutes, as long as this page is open; and why nothing more is heard. */
export function useSystem(connection: Connection): Seen & { problem: string } {
  const [seen, setSeen] = useState<Seen>({ now: null, past: [] });
  const [problem, setProblem] = useState("");
  useEffect(
    () =>
      connection.follow(
        OPERATIONS,
        {},
        ({ operationsChanged: now }) => setSeen(({ past }) => ({ now, past: after(past, now) })),
        setProblem,
      ),
    [connection],
  );
  return { ...seen, problem };
}

function after(past: Moment[], { at, flow }: System): Moment[] {
  const now = Date.parse(at);
  return [...past.filter((moment) => moment.at > now - MINUTES * 60_000 && moment.at < now), { at: now, flow }];
}
