/**
 * The two banners for the person: the session will end, and the session has ended. Plain
 * elements with roles and class names; how they look is the app's, or `styles.css`'s.
 *
 * @module
 */

// @ts-types="@types/react"
import { createElement, type ReactNode } from "react";
import type { AuthClient, Reason, SessionUser } from "../index.ts";
import type { AuthHooks, CountedWarning } from "./create_auth_hooks.ts";

/**
 * Props of `SessionWarningBanner`.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { SessionWarningBanner } = createAuthHooks(auth);
 *
 * export const banner = <SessionWarningBanner stayLabel="Angemeldet bleiben" />;
 * ```
 */
export interface SessionWarningBannerProps {
  /** Replaces what the banner says and its buttons. */
  readonly children?:
    | ((warning: CountedWarning & { stay(): void; dismiss(): void }) => ReactNode)
    | undefined;
  /** The button's label. @default {"Stay signed in"} */
  readonly stayLabel?: string | undefined;
  /** The other button's label. @default {"Dismiss"} */
  readonly dismissLabel?: string | undefined;
}

/**
 * Props of `SessionEndedBanner`.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { SessionEndedBanner } = createAuthHooks(auth);
 *
 * export const banner = (
 *   <SessionEndedBanner onSignIn={() => document.querySelector("dialog")?.showModal()} />
 * );
 * ```
 */
export interface SessionEndedBannerProps {
  /** Lets the person sign in again, in place. */
  readonly onSignIn: () => void;
  /** Replaces what the banner says and its button. */
  readonly children?:
    | ((ended: { reason: Reason | null; signIn(): void }) => ReactNode)
    | undefined;
  /** The button's label. @default {"Sign in again"} */
  readonly signInLabel?: string | undefined;
}

export function createBanners<U extends SessionUser>(
  auth: Pick<AuthClient<U>, "refresh" | "dismissWarning">,
  { useAuth, useSessionWarning }: Pick<AuthHooks<U>, "useAuth" | "useSessionWarning">,
): Pick<AuthHooks<U>, "SessionWarningBanner" | "SessionEndedBanner"> {
  const stay = (): void => void auth.refresh();
  const dismiss = auth.dismissWarning;

  function SessionWarningBanner(
    { children, stayLabel = "Stay signed in", dismissLabel = "Dismiss" }: SessionWarningBannerProps,
  ): ReactNode {
    const warning = useSessionWarning();
    // The region stays, empty: screen readers announce only what changes inside of one.
    if (!warning) return createElement("div", { role: "status" });
    const { secondsLeft, minutesLeft } = warning;
    const isEnding = warning.kind === "session-ending";
    const left = minutesLeft > 1 ? `${minutesLeft} minutes` : "less than a minute";
    const shown = `${Math.floor(secondsLeft / 60)}:${String(secondsLeft % 60).padStart(2, "0")}`;
    const content = children ? children({ ...warning, stay, dismiss }) : [
      createElement(
        "span",
        { key: "text" },
        isEnding
          ? `Your session ends in ${left}. `
          : `The connection is lost; ${left} left to save. `,
        // Not read out each second.
        createElement("span", { className: "session-countdown", "aria-hidden": true }, shown),
      ),
      createElement("button", { key: "stay", type: "button", onClick: stay }, stayLabel),
      createElement("button", { key: "dismiss", type: "button", onClick: dismiss }, dismissLabel),
    ];
    return createElement(
      "div",
      { role: "status" },
      createElement("div", { className: "session-banner session-banner-warning" }, content),
    );
  }

  function SessionEndedBanner(
    { onSignIn, children, signInLabel = "Sign in again" }: SessionEndedBannerProps,
  ): ReactNode {
    const { isOffered, reason } = useAuth(({ status, reason }) => ({
      isOffered: status === "ended" || reason === "key-unreadable",
      reason,
    }));
    if (!isOffered) return null;
    const content = children ? children({ reason, signIn: onSignIn }) : [
      createElement(
        "span",
        { key: "text" },
        `${explain(reason)} This page may be out of date. `,
      ),
      createElement("button", { key: "sign-in", type: "button", onClick: onSignIn }, signInLabel),
    ];
    return createElement(
      "div",
      { role: "alert", className: "session-banner session-banner-ended" },
      content,
    );
  }

  return { SessionWarningBanner, SessionEndedBanner };
}

function explain(reason: Reason | null): string {
  switch (reason) {
    case "evicted":
      return "You were signed out here because you signed in on too many devices.";
    case "revoked":
      return "You were signed out from another device.";
    case "reused":
      return "You were signed out because your session was used in two places.";
    case "key-lost":
      return "This browser has lost its key to your session.";
    case "key-unreadable":
      return "This browser cannot read its key to your session.";
    default:
      return "Your session has ended.";
  }
}
