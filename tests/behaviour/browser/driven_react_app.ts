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
import type { AuthClient } from "../../../client/src/index.ts";
import { createAuthHooks } from "../../../client/src/react/index.ts";

const REMOUNT_EVERY_MS = 20;

export function createApp(auth: AuthClient): ReactNode {
  const { useAuth } = createAuthHooks(auth);
  const signedIn = Promise.withResolvers<void>();
  auth.subscribe(({ status }) => status === "active" ? signedIn.resolve() : undefined);

  function Waiting(): ReactNode {
    use(signedIn.promise);
    return createElement("p", { id: "user" }, useAuth(({ user }) => user?.id ?? ""));
  }

  function Restless(): ReactNode {
    const [mounts, setMounts] = useState(0);
    const isSettled = useAuth(({ status }) => status === "active" || status === "signed-out");
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
    return createElement("output", null, useAuth(({ status }) => status));
  }

  return createElement(
    StrictMode,
    null,
    createElement(Status, { key: "status" }),
    createElement(Restless, { key: "restless" }),
  );
}
