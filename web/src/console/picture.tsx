// The picture of the flow: commands go in on one side, what is shown comes out of the other, streams lie between them.
/** @jsxImportSource preact */

import type { Flow, System } from "./operations.ts";
import { number } from "./numbers.ts";
import "./picture.css";
import { Sparkline } from "./sparkline.tsx";
import { COMMAND_SIDE, QUERY_SIDE, type Stage } from "./stages.ts";
import { Streams, streamsHeight } from "./streams.tsx";
import type { Moment } from "./system.ts";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Layout {
  width: number;
  height: number;
  command: Box[];
  streams: Box;
  query: Box[];
}

/** Two rows, from left to right and back, with the streams at their end. */
function wide(): Layout {
  const row = (y: number) => [0, 1, 2, 3].map((column) => ({ x: 1 + column * 228, y, width: 196, height: 176 }));
  const streams = { x: 913, y: 1, width: 266, height: 388 };
  return { width: 1180, height: 390, command: row(1), streams, query: row(213).reverse() };
}

/** One column, for screens of phones. */
function narrow(partitions: number): Layout {
  const column = (from: number) => [0, 1, 2, 3].map((row) => ({ x: 1, y: from + row * 108, width: 358, height: 84 }));
  const streams = { x: 1, y: 433, width: 358, height: streamsHeight(partitions) };
  const from = streams.y + streams.height + 24;
  return { width: 360, height: from + 409, command: column(1), streams, query: column(from) };
}

export function Picture({ now, past, isNarrow }: { now: System; past: Moment[]; isNarrow: boolean }) {
  const layout = isNarrow ? narrow(now.partitions.length) : wide();
  const stages = [...COMMAND_SIDE, ...QUERY_SIDE];
  const boxes = [...layout.command, ...layout.query];
  const way = [...layout.command, layout.streams, ...layout.query];
  const going = throughPipes(now.flow);
  return (
    <svg class="picture" viewBox={`0 0 ${layout.width} ${layout.height}`} role="img" aria-labelledby="picture-says">
      <title id="picture-says">
        Commands are committed to the journal, relayed to streams, projected to rows, and heard of by subscribers. The
        numbers are in the table below.
      </title>
      {way.slice(1).map((box, index) => (
        <Pipe from={way[index]!} to={box} isBusy={going[index]! > 0} />
      ))}
      {boxes.map((box, index) => (
        <StageBox box={box} stage={stages[index]!} now={now} past={past} isNarrow={isNarrow} />
      ))}
      <Streams box={layout.streams} now={now} />
    </svg>
  );
}

/** What goes from each stage to the next. */
function throughPipes(flow: Flow): number[] {
  return [
    flow.commandsPerSecond,
    flow.commitsPerSecond,
    flow.committedEventsPerSecond,
    flow.publishedEventsPerSecond,
    flow.projectedEventsPerSecond,
    flow.projectedEventsPerSecond,
    flow.noticesPerSecond,
    Math.min(flow.noticesPerSecond, flow.subscriptions),
  ];
}

/** From one box to the next, which lies below it, to its right, or to its left. */
function Pipe({ from, to, isBusy }: { from: Box; to: Box; isBusy: boolean }) {
  const { y, height } = from.height < to.height ? from : to; // the streams are as high as two others
  const middle = y + height / 2;
  const below = from.x + 40;
  const [path, tip] =
    from.x === to.x
      ? [`M${below} ${from.y + from.height}V${to.y - 7}`, `M${below} ${to.y - 1}l-4.5 -9h9z`]
      : from.x < to.x
        ? [`M${from.x + from.width} ${middle}H${to.x - 7}`, `M${to.x - 1} ${middle}l-9 -4.5v9z`]
        : [`M${from.x} ${middle}H${to.x + to.width + 7}`, `M${to.x + to.width + 1} ${middle}l9 -4.5v9z`];
  return (
    <g class={isBusy ? "pipe busy" : "pipe"}>
      <path d={path} />
      <path class="tip" d={tip} />
    </g>
  );
}

interface Drawn {
  box: Box;
  stage: Stage;
  now: System;
  past: Moment[];
  isNarrow: boolean;
}

function StageBox({ box: { x, y, width, height }, stage, now, past, isNarrow }: Drawn) {
  const notes = stage.notes(now).filter(Boolean);
  const line = isNarrow
    ? { x: x + 196, y: y + 14, width: 148, height: 40 }
    : { x: x + 14, y: y + 130, width: width - 28, height: 32 };
  return (
    <g class={stage.warns?.(now) ? "stage warns" : "stage"}>
      <rect x={x} y={y} width={width} height={height} rx={10} />
      <text class="name" x={x + 14} y={y + 25}>
        {stage.name}
      </text>
      {!isNarrow && (
        <text class="note" x={x + 14} y={y + 43}>
          {stage.by}
        </text>
      )}
      <text class="value" x={x + 14} y={y + (isNarrow ? 52 : 76)}>
        {number(stage.of(now.flow))} <tspan class="unit">{stage.unit}</tspan>
      </text>
      {isNarrow ? (
        <text class="note" x={x + 14} y={y + 72}>
          {notes.join(" · ")}
        </text>
      ) : (
        notes.map((note, index) => (
          <text class="note" x={x + 14} y={y + 97 + 17 * index}>
            {note}
          </text>
        ))
      )}
      <Sparkline past={past} of={stage.of} {...line} />
    </g>
  );
}
