// The streams, in the picture: a lane for each partition, with where it ends and how far behind it is shown.
/** @jsxImportSource preact */

import { counted, number, seconds } from "./numbers.ts";
import type { Partition, System } from "./operations.ts";
import type { Box } from "./picture.tsx";

const HEAD = 64;
const ROOMY = 38;
const LANE = 19;
const MOST = 16;
const COUNTED = 1_000; // the lag of a partition is counted up to here

/** What the lanes need, in units of the picture. */
export function streamsHeight(partitions: number): number {
  return HEAD + 12 + (partitions <= 8 ? partitions * ROOMY : Math.min(partitions, MOST) * LANE + 16);
}

export function Streams({ box: { x, y, width, height }, now }: { box: Box; now: System }) {
  const { flow, partitions } = now;
  const isRoomy = partitions.length <= 8;
  const shown = partitions.slice(0, MOST);
  const lane = isRoomy ? Math.min(46, (height - HEAD - 12) / partitions.length) : LANE;
  return (
    <g class={flow.lagSeconds > 5 ? "stage warns" : "stage"}>
      <rect x={x} y={y} width={width} height={height} rx={10} />
      <text class="name" x={x + 14} y={y + 25}>
        Streams
      </text>
      <text class="note" x={x + 14} y={y + 43}>
        {counted(partitions.length, "partition")}, lag {counted(flow.lagEvents, "event")}
        {flow.lagSeconds ? `, ${seconds(flow.lagSeconds)}` : ""}
      </text>
      {shown.map((partition, index) => (
        <Lane partition={partition} x={x + 14} y={y + HEAD + index * lane} width={width - 28} isRoomy={isRoomy} />
      ))}
      {partitions.length > MOST && (
        <text class="note" x={x + 14} y={y + HEAD + MOST * LANE + 14}>
          and {partitions.length - MOST} more: see the table of partitions
        </text>
      )}
    </g>
  );
}

interface Drawn {
  partition: Partition;
  x: number;
  y: number;
  width: number;
  isRoomy: boolean;
}

/** The bar is full of what is not shown yet, by its logarithm: one event is seen, a thousand fill it. */
function Lane({ partition, x, y, width, isRoomy }: Drawn) {
  const full = Math.min(1, Math.log1p(partition.lagEvents) / Math.log1p(COUNTED));
  const lag = partition.lagEvents ? `${number(partition.lagEvents)} behind` : `${number(partition.eventsPerSecond)}/s`;
  return (
    <g class="lane">
      <text x={x} y={y + 9}>
        {partition.number}
      </text>
      <rect class="track" x={x + 24} y={y + 1} width={width - 104} height={8} rx={4} />
      <rect class="lag" x={x + 24} y={y + 1} width={(width - 104) * full} height={8} rx={4} />
      <text class="end" x={x + width} y={y + 9}>
        {lag}
      </text>
      {isRoomy && (
        <text class="position" x={x + 24} y={y + 23}>
          {partition.publishedPosition}
        </text>
      )}
    </g>
  );
}
