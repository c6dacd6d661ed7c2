// A number of the last minutes, as a line.
/** @jsxImportSource preact */

import type { Flow } from "./operations.ts";
import { MINUTES, type Moment } from "./system.ts";

const LONGEST_MS = MINUTES * 60_000;
const SHORTEST_MS = 60_000;
const GAP_MS = 3_500; // so long nothing is heard only where the connection was lost

interface Shown {
  past: Moment[];
  of: (flow: Flow) => number;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Its right end is now, its left end a minute ago at first, `MINUTES` later; at its highest the number was greatest. */
export function Sparkline({ past, of, x, y, width, height }: Shown) {
  const now = past.at(-1)?.at ?? 0;
  const span = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, now - (past[0]?.at ?? now)));
  const most = Math.max(1, ...past.map(({ flow }) => of(flow)));
  const across = (at: number) => (x + width * (1 - (now - at) / span)).toFixed(1);
  const up = (value: number) => (y + height * (1 - value / most)).toFixed(1);
  const line = past.map(({ at, flow }, index) => {
    const before = past[index - 1];
    const isJoined = before && at - before.at < GAP_MS;
    return `${isJoined ? "L" : "M"}${across(at)} ${up(of(flow))}`;
  });
  return (
    <g class="sparkline">
      <path class="floor" d={`M${x} ${y + height}h${width}`} />
      <path d={line.join("")} />
    </g>
  );
}
