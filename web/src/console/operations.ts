// What the console asks of the API, by the names that it has here: see operations.graphql.

import type * as made from "./generated.ts";

export {
  DiscardDocument as DISCARD,
  EventsDocument as EVENTS,
  HistoryDocument as HISTORY,
  OperationsDocument as OPERATIONS,
  ParkedDocument as PARKED,
  RebuildDocument as REBUILD,
  RetryDocument as RETRY,
} from "./generated.ts";
export type {
  FlowFragment as Flow,
  OrderFragment as Order,
  ParkingFragment as ParkingResult,
  PartitionFragment as Partition,
  ProcessFragment as Process,
  TypedDocumentString as Operation,
} from "./generated.ts";

export type System = made.OperationsSubscription["operationsChanged"];
export type PassingEvent = made.EventsSubscription["eventsPassing"]["events"][number];
export type ParkedEvent = made.ParkedQuery["parkedEvents"]["nodes"][number];
export type RebuildReceipt = made.RebuildMutation["rebuild"]["receipts"][number];
export type History = NonNullable<made.HistoryQuery["orderHistory"]>;
export type OrderEvent = History["nodes"][number];
