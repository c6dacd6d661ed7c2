// The shop around its views: who is signed in, which view is open, what was announced.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import { Provider } from "urql";

import { BackOffice } from "./back_office.tsx";
import { BasketLink, BasketProvider } from "./basket.tsx";
import { BasketView } from "./basket_view.tsx";
import { Catalogue } from "./catalogue.tsx";
import { Order } from "./order.tsx";
import { Orders } from "./orders.tsx";
import { remembered, type Session, type Shopper, signIn } from "./session.ts";
import { Problem } from "./showing.tsx";
import { SignIn } from "./sign_in.tsx";

const Announcing = createContext<(text: string) => void>(() => {});

/** Says something to whoever is there, without taking them away from what they do. */
export const useAnnounce = () => useContext(Announcing);

export function Shop() {
  const [shopper, setShopper] = useState<Shopper | null>(() => remembered.get());
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<unknown>();
  const [said, setSaid] = useState("");
  const hash = useHash();

  useEffect(() => {
    setSession(undefined);
    if (!shopper) return;
    let isCurrent = true;
    signIn(shopper.id, shopper.registered).then((session) => isCurrent && setSession(session), setProblem);
    return () => void (isCurrent = false);
  }, [shopper]);
  useEffect(() => {
    const timer = setTimeout(() => setSaid(""), 4_000);
    return () => clearTimeout(timer);
  }, [said]);

  const enter = (shopper: Shopper) => {
    remembered.set(shopper.id);
    setShopper(shopper);
  };
  const leave = useCallback(() => {
    remembered.forget();
    setShopper(null);
  }, []);

  return (
    <Announcing value={setSaid}>
      {!shopper ? (
        <SignIn onChoice={enter} />
      ) : session ? (
        <Provider value={session.client} key={session.who}>
          <BasketProvider session={session}>
            <Frame hash={hash} onLeave={leave}>
              <View hash={hash} session={session} onLeave={leave} />
            </Frame>
          </BasketProvider>
        </Provider>
      ) : (
        <Problem of={problem} />
      )}
      <p role="status" className="said">
        {said}
      </p>
    </Announcing>
  );
}

function Frame({ hash, onLeave, children }: { hash: string; onLeave: () => void; children: ReactNode }) {
  const link = (to: string, children: ReactNode) => (
    <a href={to} aria-current={hash === to || (to === "#/" && !hash) ? "page" : undefined}>
      {children}
    </a>
  );
  return (
    <>
      <header>
        <a className="skip" href="#main" onClick={skip}>
          Skip to the content
        </a>
        <p className="name">Orderstream shop</p>
        <nav aria-label="Shop">
          {link("#/", "Catalogue")}
          {link("#/basket", <BasketLink />)}
          {link("#/orders", "My orders")}
          {link("#/back-office", "Back office")}
        </nav>
        <button className="quiet" onClick={onLeave}>
          Sign out
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** The hash is what tells the views apart, so the link moves the focus by itself. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function View({ hash, session, onLeave }: { hash: string; session: Session; onLeave: () => void }) {
  const [, view, id] = hash.split("/");
  if (view === "basket") return <BasketView session={session} />;
  if (view === "orders") return id ? <Order id={id} key={id} session={session} /> : <Orders session={session} />;
  if (view === "back-office") return <BackOffice />;
  return <Catalogue session={session} onStranger={onLeave} />;
}

/** The first heading of a view: it names the page, and has the focus when somebody has come here by a link. */
export function Heading({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} – The example shop`;
    if (hasMoved) heading.current?.focus();
  }, [children]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

let hasMoved = false;

function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const move = () => {
      hasMoved = true;
      setHash(location.hash);
    };
    addEventListener("hashchange", move);
    return () => removeEventListener("hashchange", move);
  }, []);
  return hash;
}
