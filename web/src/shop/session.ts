// Who is signed in: their token, and the two connections that send it, one for HTTP and one for what is live.

import type { Client } from "@urql/core";
import type { Client as Live } from "graphql-ws";

import { connect } from "../../../docs/recipes/graphql-ws.js";
import { createShop } from "../../../docs/recipes/urql.js";

export interface Session {
  /** A customer's id, or "staff". */
  who: string;
  client: Client;
  live: Live;
}

const ENDPOINT = new URL("/graphql", location.href).href;
const SHOPPER = "shop: shopper";

/** Signs in as this customer, or as "staff". A real shop would lead to its identity provider instead. */
export async function signIn(who: string): Promise<Session> {
  const response = await fetch(`/shop/tokens/${encodeURIComponent(who)}`, { method: "POST" });
  if (!response.ok) throw new Error((await response.json()).errors[0].message);
  const { token } = await response.json();
  const live: Live = connect(ENDPOINT, () => token);
  return { who, client: createShop(ENDPOINT, () => token, live), live };
}

/** The customer whom this browser remembers: all its tabs, until they sign out. */
export const remembered = {
  get: () => localStorage.getItem(SHOPPER),
  set: (customerId: string) => localStorage.setItem(SHOPPER, customerId),
  forget: () => localStorage.removeItem(SHOPPER),
};
