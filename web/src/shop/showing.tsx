// Small things that are shown in several places: money, times, an order's status, problems.

import type { CombinedError } from "@urql/core";

import { Refused } from "../../../docs/recipes/commands.js";
import type { OrderStatus } from "./generated.ts";

/** An amount stays a string from the database to the screen: no floating point in between. */
export function Money({ of: { amount, currencyCode } }: { of: { amount: string; currencyCode: string } }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency: currencyCode });
  return <span className="money">{format.format(amount as Intl.StringNumericLiteral)}</span>;
}

const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function Time({ at }: { at: string }) {
  return <time dateTime={at}>{SHORT.format(new Date(at))}</time>;
}

export const STATUS: Record<OrderStatus, string> = {
  DRAFT: "In the basket",
  PLACED: "Placed",
  CONFIRMED: "Confirmed",
  SHIPPED: "Shipped",
  DELIVERED: "Delivered",
  CANCELLED: "Cancelled",
};

export function Status({ of }: { of: OrderStatus }) {
  return <span className={`status ${of.toLowerCase()}`}>{STATUS[of]}</span>;
}

/** The end of an id, for people: its beginning is the same for all that happened on one day. */
export function shortened(id: string): string {
  return id.slice(-8).toUpperCase();
}

/** What went wrong, in words for a shopper; nothing where nothing did. */
export function Problem({ of }: { of: unknown }) {
  if (!of) return null;
  return (
    <p role="alert" className="problem">
      {explained(of)}
    </p>
  );
}

function explained(problem: unknown): string {
  // The rules refused a command, and say why in a sentence.
  if (problem instanceof Refused) return problem.message;
  const errors = (problem as Partial<CombinedError>).graphQLErrors ?? [problem];
  const code = (errors[0] as { extensions?: { code?: string } } | undefined)?.extensions?.code;
  // The client has tried again already where that could help: see the retry exchange in docs/recipes/urql.js.
  if (code === "UNAUTHENTICATED") return "You were signed in for too long: load this page again.";
  if (code === "STALE_READ") return "This is late today. Load the page again in a moment.";
  if (code) return `That did not work (${code}). Try again in a moment.`;
  return problem instanceof Error && !("networkError" in problem) ? problem.message : "The shop cannot be reached.";
}
