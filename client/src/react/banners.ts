/**
 * The two things that a person must be told: that the session will end, and that it has ended. Plain
 * elements with roles and class names; how they look is the app's, or `styles.css`'s.
 *
 * @module
 */

// @ts-types="@types/react"
import { createElement, type ReactNode } from "react";
import { useSessionClient } from "./context.ts";
import { type CountedWarning, useSession, useSessionWarning } from "./hooks.ts";
import type { Reason } from "../index.ts";

export interface SessionWarningBannerProps {
  /** Replaces what the banner says and its buttons. */
  readonly children?: (
    warning: CountedWarning & { extend(): void; dismiss(): void },
  ) => ReactNode;
  /** @default {"Stay signed in"} */
  readonly extendLabel?: string;
  /** @default {"Dismiss"} */
  readonly dismissLabel?: string;
}

/** Counts down to the end of the session, with a way to stay. Nothing while there is no warning. */
export function SessionWarningBanner(
  { children, extendLabel = "Stay signed in", dismissLabel = "Dismiss" }: SessionWarningBannerProps,
): ReactNode {
  const session = useSessionClient();
  const warning = useSessionWarning();
  const extend = (): void => void session.extend();
  const dismiss = session.dismissWarning;
  // The region stays, empty: screen readers announce only what changes inside of one.
  if (!warning) return createElement("div", { role: "status" });
  const { secondsLeft, minutesLeft } = warning;
  const isEnding = warning.kind === "session-ending";
  const left = minutesLeft > 1 ? `${minutesLeft} minutes` : "less than a minute";
  const shown = `${Math.floor(secondsLeft / 60)}:${String(secondsLeft % 60).padStart(2, "0")}`;
  const content = children ? children({ ...warning, extend, dismiss }) : [
    createElement(
      "span",
      { key: "text" },
      isEnding
        ? `Your session ends in ${left}. `
        : `The connection is lost; ${left} left to save. `,
      // Not read out each second.
      createElement("span", { className: "session-countdown", "aria-hidden": true }, shown),
    ),
    createElement("button", { key: "extend", type: "button", onClick: extend }, extendLabel),
    createElement("button", { key: "dismiss", type: "button", onClick: dismiss }, dismissLabel),
  ];
  return createElement(
    "div",
    { role: "status" },
    createElement("div", { className: "session-banner session-banner-warning" }, content),
  );
}

export interface SessionEndedBannerProps {
  /** Lets the person sign in again, in place. */
  readonly onSignIn: () => void;
  /** Replaces what the banner says and its button. */
  readonly children?: (expired: { reason: Reason | null; signIn(): void }) => ReactNode;
  /** @default {"Sign in again"} */
  readonly signInLabel?: string;
}

/** Says that the session is over, and why. The page below stays as it is. */
export function SessionEndedBanner(
  { onSignIn, children, signInLabel = "Sign in again" }: SessionEndedBannerProps,
): ReactNode {
  const expired = useSession(({ sessionEnded }) => sessionEnded);
  const reason = useSession((snapshot) => snapshot.reason);
  if (!expired) return null;
  const content = children ? children({ reason, signIn: onSignIn }) : [
    createElement("span", { key: "text" }, `${explain(reason)} What you see may be out of date. `),
    createElement("button", { key: "sign-in", type: "button", onClick: onSignIn }, signInLabel),
  ];
  return createElement(
    "div",
    { role: "alert", className: "session-banner session-banner-ended" },
    content,
  );
}

function explain(reason: Reason | null): string {
  switch (reason) {
    case "evicted":
      return "You were signed out here because you signed in on too many devices.";
    case "revoked":
      return "You were signed out from another device.";
    case "reused":
      return "You were signed out because your session was used in two places.";
    default:
      return "Your session is over.";
  }
}
