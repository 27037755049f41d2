/**
 * Signing in at a provider: by leaving the page, or in a popup, which leaves the page and its waiting
 * calls as they are.
 *
 * @module
 */

/** The page's address and its ways out, as far as a sign-in uses them. */
export interface PageNavigation {
  /** The page's own address; null where there is no page. */
  address(): URL | null;
  leaveFor(url: string): void;
  /** Null where the browser blocks it. */
  openPopup(url: string): Popup | null;
  /** Puts another address in the place of the page's own, without a navigation. */
  replaceAddress(url: URL): void;
}

export interface Popup {
  isClosed(): boolean;
  /** Null while it shows a page of another origin. */
  address(): URL | null;
  close(): void;
}

/** A page that came back with an error says so in its address. */
const ERROR_PARAMETER = "auth_error";

/** Popups report neither a navigation nor their end. */
const POPUP_POLL_MS = 250;

export function browserNavigation(): PageNavigation {
  const { location, history } = globalThis;
  return {
    address: () => location ? new URL(location.href) : null,
    leaveFor: (url) => location.assign(url),
    openPopup(url) {
      const popup = globalThis.open(url, "unified-auth", "popup,width=480,height=680");
      return popup && {
        isClosed: () => popup.closed,
        address() {
          try {
            return new URL(popup.location.href);
          } catch {
            return null; // the provider's page, or none yet
          }
        },
        close: () => popup.close(),
      };
    },
    replaceAddress: (url) => history.replaceState(history.state, "", url),
  };
}

/** The address to come back to: the very page, without the error of an earlier try. */
export function returnAddress(page: URL | null, returnTo: string | undefined): URL {
  const target = returnTo ?? page?.href;
  if (target === undefined) {
    throw new TypeError(
      "Cannot sign in at a provider as 'returnTo' is missing and there is no page",
    );
  }
  const address = new URL(target, page ?? undefined);
  address.searchParams.delete(ERROR_PARAMETER);
  return address;
}

/** The code of a failed return, and the address without it; null where the return did not fail. */
export function readReturnError(
  page: URL | null,
): { readonly code: string; readonly address: URL } | null {
  const code = page?.searchParams.get(ERROR_PARAMETER);
  if (!page || !code) return null;
  const address = new URL(page);
  address.searchParams.delete(ERROR_PARAMETER);
  return { code, address };
}

/** Resolves with the address at which the popup came back, or with null when it was closed. */
export async function waitForReturn(
  popup: Popup,
  returnTo: URL,
  setTimer: (fire: () => void, delayMs: number) => () => void,
): Promise<URL | null> {
  for (;;) {
    const address = popup.address();
    if (address?.origin === returnTo.origin && address.pathname === returnTo.pathname) {
      return address;
    }
    if (popup.isClosed()) return null;
    await new Promise<void>((resolve) => setTimer(resolve, POPUP_POLL_MS));
  }
}
