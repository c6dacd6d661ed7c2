// Whether changes arrive at the moment.

import type { Client as Live } from "graphql-ws";
import { useEffect, useState } from "react";

/** A word on the connection, for eyes and for screen readers; place it where something is followed. */
export function Connection({ live }: { live: Live }) {
  const [isLive, setLive] = useState<boolean>();
  useEffect(() => {
    const ends = [live.on("connected", () => setLive(true)), live.on("closed", () => setLive(false))];
    return () => ends.forEach((end) => end());
  }, [live]);
  return (
    <p role="status" className={`connection ${isLive ? "on" : "off"}`}>
      {isLive === undefined ? "Connecting …" : isLive ? "Live" : "The connection is lost: trying again …"}
    </p>
  );
}
