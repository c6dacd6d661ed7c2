// Queries and commands, typed by their documents, where no component watches.

import type { Client, TypedDocumentNode } from "@urql/core";

import { receiptOf } from "../../../docs/recipes/commands.js";
import type { UserErrorCode } from "./generated.ts";

/** What says that a command was committed; its token makes a query read what it did. */
export interface Receipt {
  id: string;
  version: number;
  consistencyToken: string;
}

interface Outcome {
  receipt: Receipt | null;
  userErrors: { code: UserErrorCode; message: string; field: string[] | null }[];
}

type Variables = Record<string, unknown>;

/** What the read model shows now, not what the cache remembers; throws urql's CombinedError. */
export async function ask<Data, Asked extends Variables>(
  client: Client,
  query: TypedDocumentNode<Data, Asked>,
  variables: Asked,
): Promise<Data> {
  const { data, error } = await client.query<Data, Variables>(query, variables, { requestPolicy: "network-only" });
  if (error || !data) throw error ?? new Error("There was no answer.");
  return data;
}

/** The receipt of a command; throws Refused with the `userErrors`, or urql's CombinedError. */
export async function command<Input>(
  client: Client,
  mutation: TypedDocumentNode<Record<string, Outcome>, { input: Input; key: string }>,
  input: Input,
  key: string,
): Promise<Receipt> {
  const { data, error } = await client.mutation<Record<string, Outcome>, Variables>(mutation, { input, key });
  if (error || !data) throw error ?? new Error("There was no answer.");
  return receiptOf(Object.values(data).find((result) => typeof result === "object"));
}
