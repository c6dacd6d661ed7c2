// The shopper's basket, which all views share: a draft order that commands fill, and that is read after each of them.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";

import { Basket } from "../../../docs/recipes/basket.js";
import { Refused } from "../../../docs/recipes/commands.js";
import { run } from "../../../docs/recipes/urql.js";
import type { AddressInput, OrderQuery } from "./generated.ts";
import type { Session } from "./session.ts";
import { useAnnounce } from "./shop.tsx";

interface Shared {
  /** What is in it, no older than the last command; nothing where it is empty. */
  seen?: NonNullable<OrderQuery["order"]>;
  problem?: unknown;
  isBusy: boolean;
  add: (productId: string, name: string) => void;
  change: (productId: string, quantity: number) => void;
  /** Buys what is seen: the receipt's order and token. Throws Refused, after which what is seen is as it is now. */
  submit: (shippingAddress: AddressInput) => Promise<{ id: string; token: string }>;
}

const Sharing = createContext<Shared | null>(null);

export const useBasket = () => useContext(Sharing)!;

export function BasketProvider({ session: { client, who }, children }: { session: Session; children: ReactNode }) {
  const announce = useAnnounce();
  const basket = useRef<Basket>(undefined);
  const [seen, setSeen] = useState<Shared["seen"]>();
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);

  const open = useCallback(async () => {
    const ask = (document: string, variables: object) => run(client, document, variables);
    return (basket.current ??= await Basket.open(ask, who, localStorage));
  }, [client, who]);

  const read = useCallback(async () => {
    if (!Basket.isOpen(who, localStorage)) return setSeen((basket.current = undefined));
    const opened = await open();
    const now: OrderQuery["order"] = await opened.read();
    if (now?.status === "DRAFT") return setSeen(now);
    // It was bought in another tab.
    opened.forget();
    setSeen((basket.current = undefined));
  }, [open, who]);

  const doing = useCallback(
    async (what: () => Promise<void>) => {
      setBusy(true);
      setProblem(undefined);
      try {
        await what();
      } catch (problem) {
        setProblem(problem);
        if (problem instanceof Refused) await read().catch(setProblem);
      } finally {
        setBusy(false);
      }
    },
    [read],
  );

  // Another tab may have changed it.
  useEffect(() => {
    const look = () => void read().catch(setProblem);
    look();
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, [read]);

  const shared = useMemo<Shared>(
    () => ({
      seen,
      problem,
      isBusy,
      add: (productId, name) =>
        void doing(async () => {
          await (await open()).add(productId, 1);
          await read();
          announce(`${name} is in the basket.`);
        }),
      change: (productId, quantity) =>
        void doing(async () => {
          const opened = await open();
          await (quantity > 0 ? opened.change(productId, quantity) : opened.remove(productId));
          await read();
        }),
      submit: async (shippingAddress) => {
        const opened = await open();
        try {
          await opened.submit(seen, shippingAddress);
        } catch (refusal) {
          await read();
          throw named(refusal, seen?.lines ?? []);
        }
        setSeen((basket.current = undefined));
        return { id: opened.id, token: opened.token };
      },
    }),
    [announce, doing, isBusy, open, problem, read, seen],
  );
  return <Sharing value={shared}>{children}</Sharing>;
}

/** The rules speak of ids; a shopper knows names. */
function named(problem: unknown, lines: { productId: string; name: string }[]): unknown {
  if (!(problem instanceof Refused)) return problem;
  const speak = (text: string) => lines.reduce((text, line) => text.replace(`Product ${line.productId}`, line.name), text);
  return new Refused(problem.userErrors.map((error) => ({ ...error, message: speak(error.message) })));
}

/** What leads to it, with the number of things in it. */
export function BasketLink() {
  const { seen } = useBasket();
  return (
    <>
      Basket <span className="badge">{seen?.itemCount || ""}</span>
    </>
  );
}
