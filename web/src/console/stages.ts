// The way of an order through the system, as DESIGN's picture has it: each stage with its numbers.

import { counted, number, seconds } from "./numbers.ts";
import type { Flow, System } from "./operations.ts";

/** One stage: what its number is, how it is written, and what else there is to say. */
export interface Stage {
  name: string;
  /** What it is made of, or who does it. */
  by: string;
  of: (flow: Flow) => number;
  unit: string;
  notes: (system: System) => string[];
  /** Whether something there wants to be looked at. */
  warns?: (system: System) => boolean;
}

const many = ({ partitions }: System) => partitions.length;

/** Whoever works at it, and how many stand by. */
function workers({ processes }: System, part: string): string {
  const alive = processes.filter((process) => process.part === part);
  const idle = alive.filter((process) => process.leads === false).length;
  if (!alive.length) return "nobody works";
  if (idle && idle < alive.length) return `1 works, ${idle} ready`;
  return alive.length === 1 ? "1 process" : `${alive.length} processes`;
}

const has = ({ processes }: System, part: string) => processes.some((process) => process.part === part);

export const COMMAND_SIDE: Stage[] = [
  {
    name: "Commands",
    by: "GraphQL mutations",
    of: (flow) => flow.commandsPerSecond,
    unit: "/s",
    notes: ({ flow }) => [`${number(flow.commandsWaiting)} waiting`, `${number(flow.commandsQueued)} queued`],
  },
  {
    name: "Commits",
    by: "MongoDB transactions",
    of: (flow) => flow.commitsPerSecond,
    unit: "/s",
    notes: ({ flow }) => [
      flow.commandsPerCommit ? `${counted(flow.commandsPerCommit, "command")} each` : "no batch now",
      flow.commitSeconds ? seconds(flow.commitSeconds) : "",
    ],
  },
  {
    name: "Journal",
    by: "every event",
    of: (flow) => flow.committedEventsPerSecond,
    unit: "events/s",
    notes: ({ flow }) => [`backlog ${counted(flow.journalBacklog, "event")}`],
  },
  {
    name: "Relay",
    by: "in commit order",
    of: (flow) => flow.publishedEventsPerSecond,
    unit: "events/s",
    notes: (system) => [workers(system, "relay")],
    warns: (system) => !has(system, "relay"),
  },
];

export const QUERY_SIDE: Stage[] = [
  {
    name: "Projection",
    by: "exactly once in effect",
    of: (flow) => flow.projectedEventsPerSecond,
    unit: "events/s",
    notes: (system) => [
      system.flow.parkedEvents ? `${number(system.flow.parkedEvents)} parked` : "nothing parked",
      workers(system, "projector"),
    ],
    warns: (system) => system.flow.parkedEvents > 0 || !has(system, "projector"),
  },
  {
    name: "Rows",
    by: "Redis, ready to answer",
    of: (flow) => flow.requestsPerSecond,
    unit: "answers/s",
    notes: (system) => [
      `${system.partitions.filter((partition) => partition.isComplete).length} of ${many(system)} complete`,
      rebuilding(system),
    ],
    warns: (system) => system.partitions.some((partition) => !partition.isComplete),
  },
  {
    name: "Feed",
    by: "what has changed",
    of: (flow) => flow.noticesPerSecond,
    unit: "notices/s",
    notes: ({ flow }) => [flow.feedDelaySeconds ? `${seconds(flow.feedDelaySeconds)} from command` : "nothing just now"],
  },
  {
    name: "Subscribers",
    by: "GraphQL subscriptions",
    of: (flow) => flow.subscriptions,
    unit: "live",
    notes: ({ flow }) => [counted(flow.sockets, "WebSocket")],
  },
];

function rebuilding({ partitions }: System): string {
  const making = partitions.filter(({ rebuild }) => rebuild && !rebuild.problem).length;
  return making ? `${making} made anew` : "";
}
