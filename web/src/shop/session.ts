// Who is signed in: their token, and the two connections that send it, one for HTTP and one for what is live.

import type { Client } from "@urql/core";
import type { Client as Live } from "graphql-ws";
import { useQuery } from "urql";

import { connect } from "../../../docs/recipes/graphql-ws.js";
import { createShop } from "../../../docs/recipes/urql.js";
import { MeDocument } from "./generated.ts";

export interface Session {
  /** A customer's id, or "staff". */
  who: string;
  /** Of the receipt that registered them a moment ago. */
  registered?: string;
  client: Client;
  live: Live;
}

/** Somebody to sign in. */
export interface Shopper {
  id: string;
  registered?: string;
}

const ENDPOINT = new URL("/graphql", location.href).href;
const SHOPPER = "shop: shopper";

/** Signs in as this customer, or as "staff". A real shop would lead to its identity provider instead. */
export async function signIn(who: string, registered?: string): Promise<Session> {
  const response = await fetch(`/shop/tokens/${encodeURIComponent(who)}`, { method: "POST" });
  if (!response.ok) throw new Error((await response.json()).errors[0].message);
  const { token } = await response.json();
  const live: Live = connect(ENDPOINT, () => token);
  return { who, registered, client: createShop(ENDPOINT, () => token, live), live };
}

/** The shopper's own data; of one who is new, not before the read model knows them. */
export function useShopper({ registered }: Session) {
  return useQuery({ query: MeDocument, variables: { with: registered ? [registered] : null } })[0];
}

/** The customer whom this browser remembers: all its tabs, until they sign out. */
export const remembered = {
  get(): Shopper | null {
    const id = localStorage.getItem(SHOPPER);
    return id ? { id } : null;
  },
  set: (customerId: string) => localStorage.setItem(SHOPPER, customerId),
  forget: () => localStorage.removeItem(SHOPPER),
};
