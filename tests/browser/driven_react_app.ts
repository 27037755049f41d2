/**
 * A React app on a session, as a server and a browser render it: it shows the status, and below a part
 * that waits for the session and is taken off and put back again and again meanwhile.
 *
 * @module
 */

// @ts-types="@types/react"
import {
  createElement,
  type ReactNode,
  StrictMode,
  Suspense,
  use,
  useEffect,
  useState,
} from "react";
import type { Session, UnifiedAuthUser } from "../../client/src/index.ts";
import { SessionProvider, useSession } from "../../client/src/react/index.ts";

const REMOUNT_EVERY_MS = 20;

export function createApp(session: Session<UnifiedAuthUser>): ReactNode {
  const signedIn = Promise.withResolvers<void>();
  session.on("state", ({ status }) => status === "active" ? signedIn.resolve() : undefined);

  function Waiting(): ReactNode {
    use(signedIn.promise);
    return createElement("p", { id: "user" }, useSession(({ user }) => user?.id ?? ""));
  }

  function Restless(): ReactNode {
    const [mounts, setMounts] = useState(0);
    const isSettled = useSession(({ status }) => status === "active" || status === "signed-out");
    useEffect(() => {
      if (isSettled && mounts > 0) return;
      const timer = setTimeout(() => setMounts(mounts + 1), REMOUNT_EVERY_MS);
      return () => clearTimeout(timer);
    }, [mounts, isSettled]);
    if (mounts === 0) return null; // as a server renders it
    const fallback = createElement("p", null, "waiting");
    return createElement(
      "div",
      { id: "restless", "data-mounts": mounts },
      createElement(Suspense, { key: mounts, fallback }, createElement(Waiting)),
    );
  }

  function Status(): ReactNode {
    return createElement("output", null, useSession(({ status }) => status));
  }

  return createElement(
    StrictMode,
    null,
    createElement(SessionProvider<UnifiedAuthUser>, { session }, [
      createElement(Status, { key: "status" }),
      createElement(Restless, { key: "restless" }),
    ]),
  );
}
