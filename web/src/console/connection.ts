// The way to the API: questions over HTTP, and what goes on over one WebSocket, which is opened anew when it is lost.

import { createClient, type Client } from "graphql-ws";

import type { Operation } from "./operations.ts";

/** Whether the WebSocket is there: at first it is not yet, later not any more. */
export type State = "connecting" | "live" | "lost";

const PING_MS = 5_000;
const AGAIN_MS = 2_000;
const FORBIDDEN = 4403; // the code of a WebSocket whose token is not good
const NOT_SIGNED_IN = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);

interface Fault {
  message: string;
  extensions?: { code?: string };
}

/** What the API did not answer, for people. */
export class Failed extends Error {}

export class Connection {
  private readonly client: Client;

  /** `tell` hears of the WebSocket's state, `refuse` that the token is not, or no longer, one of staff. */
  constructor(
    private readonly token: string,
    tell: (state: State) => void,
    private readonly refuse: (why: string) => void,
  ) {
    let silence: ReturnType<typeof setTimeout>;
    this.client = createClient({
      url: new URL("/graphql", location.href.replace(/^http/, "ws")).href,
      connectionParams: { Authorization: `Bearer ${token}` },
      lazy: false,
      keepAlive: PING_MS,
      retryAttempts: Infinity,
      retryWait: (retries) => new Promise((go) => setTimeout(go, Math.min(500 * 2 ** retries, 5_000) + Math.random() * 500)),
      shouldRetry: () => true,
      onNonLazyError: () => undefined, // `closed` has said it
      on: {
        connected: () => tell("live"),
        // A network that is gone says nothing: a ping without its answer does.
        ping: (received) => {
          if (!received) silence = setTimeout(() => this.client.terminate(), PING_MS);
        },
        pong: () => clearTimeout(silence),
        closed: (event) => {
          clearTimeout(silence);
          const { code, reason } = event as CloseEvent;
          if (code === FORBIDDEN) refuse(reason);
          else tell("lost");
        },
      },
    });
    addEventListener("offline", this.drop);
  }

  private readonly drop = () => this.client.terminate();

  close(): void {
    removeEventListener("offline", this.drop);
    void this.client.dispose();
  }

  /** The answer to a query or a mutation; Failed. */
  async ask<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    let answer: { data?: Data; errors?: Fault[] };
    try {
      const response = await fetch("/graphql", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` },
        body: JSON.stringify({ query: operation.toString(), variables }),
      });
      answer = await response.json();
    } catch {
      throw new Failed("The API cannot be reached. Try again.");
    }
    const [fault] = answer.errors ?? [];
    if (!fault) return answer.data!;
    // One thing may be forbidden to a token that is good for others: one for queries alone retries nothing.
    if (fault.extensions?.code === "UNAUTHENTICATED") this.refuse(fault.message);
    throw new Failed(fault.message);
  }

  /**
   * Takes whatever the subscription says, over all connections, until the function that comes back is called.
   *
   * `fail` hears why there is nothing for the moment, and an empty text when there is something again.
   */
  follow<Data, Variables extends Record<string, unknown>>(
    operation: Operation<Data, Variables>,
    variables: Variables,
    take: (data: Data) => void,
    fail: (why: string) => void,
  ): () => void {
    let isOver = false;
    let again: ReturnType<typeof setTimeout>;
    let unsubscribe = () => {};
    const subscribe = () => {
      const later = () => {
        if (!isOver) again = setTimeout(subscribe, AGAIN_MS);
      };
      const failed = (fault: Fault) => {
        if (!isOver) fail(this.said(fault));
        later();
      };
      unsubscribe = this.client.subscribe<Data>(
        { query: operation.toString(), variables },
        {
          next: ({ data, errors }) => {
            if (errors?.[0]) return fail(this.said(errors[0] as Fault));
            fail("");
            take(data!);
          },
          error: (error) => {
            if (Array.isArray(error)) failed(error[0]);
            else later(); // the connection itself, which speaks for itself
          },
          complete: later,
        },
      );
    };
    subscribe();
    return () => {
      isOver = true;
      clearTimeout(again);
      unsubscribe();
    };
  }

  private said({ message, extensions }: Fault): string {
    if (extensions?.code && NOT_SIGNED_IN.has(extensions.code)) this.refuse(message);
    return message;
  }
}
