/**
 * Sign-ins that come back to a page of the app: from a provider, by leaving the page or in a popup, and
 * from a mail's link. The result is in the address of that page.
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
  /** Whether this page is in such a popup, whose opener reads its address. */
  isPopup(): boolean;
  /** Puts another address in the place of the page's own, without a navigation. */
  replaceAddress(url: URL): void;
}

export interface Popup {
  isClosed(): boolean;
  /** Null while it shows a page of another origin. */
  address(): URL | null;
  close(): void;
}

/** A sign-in that came back unfinished: failed, or with a step that is still to come. */
export interface Returned {
  readonly name: "error" | "step";
  readonly value: string;
  /** Of the page, without this. */
  readonly address: URL;
}

/** The functions write codes; any other text is not theirs. */
const RETURN_PARAMETER = /^auth_(error|step)=([a-z_]{1,64})$/;

/** The functions refuse a longer `return_to`: it has to fit into a cookie. */
const MAX_RETURN_TO = 2_000;

const POPUP_NAME = "unified-auth";

/** Popups report neither a navigation nor their end. */
const POPUP_POLL_MS = 250;

export function browserNavigation(): PageNavigation {
  const { location, history } = globalThis;
  return {
    address: () => location ? new URL(location.href) : null,
    leaveFor: (url) => location.assign(url),
    openPopup(url) {
      const popup = globalThis.open(url, POPUP_NAME, "popup,width=480,height=680");
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
    isPopup() {
      const { name, opener } = globalThis as { readonly name?: unknown; readonly opener?: unknown };
      return name === POPUP_NAME && Boolean(opener);
    },
    replaceAddress: (url) => history.replaceState(history.state, "", url),
  };
}

/**
 * Where to come back to: `returnTo`, or the very page. Of a page whose address is too long the fragment stays
 * behind, then the query, then the path: nobody chose it, and to sign in matters more. The outcomes tell
 * the caller. Undefined where there is no page of the web.
 *
 * @throws {TypeError} If `returnTo` is no address
 * @throws {RangeError} If `returnTo` is too long: it is the caller's own choice
 */
export function returnAddress(page: URL | null, returnTo: string | undefined): string | undefined {
  const base = page?.protocol.startsWith("http") ? page : undefined;
  if (returnTo !== undefined) {
    const address = base ? writeAddress(new URL(returnTo, base).href) : returnTo;
    if (address.length <= MAX_RETURN_TO) return address;
    throw new RangeError(
      `Cannot return to more than ${MAX_RETURN_TO} characters: current length is ${address.length}`,
    );
  }
  if (!base) return undefined;
  const { href, origin, pathname, search } = base;
  return [href, origin + pathname + search, origin + pathname]
    .map(writeAddress)
    .find((address) => address.length <= MAX_RETURN_TO) ?? `${origin}/`;
}

/** The functions refuse a backslash, which browsers read as a slash. */
function writeAddress(address: string): string {
  return address.replaceAll("\\", "%5C");
}

/** How a sign-in came back to `page`; null if none did, or if it is finished. */
export function readReturned(page: URL | null): Returned | null {
  const fields = page?.search.slice(1).split("&") ?? [];
  const [, name, value] = fields.map((field) => RETURN_PARAMETER.exec(field)).find(Boolean) ?? [];
  if (!page || !value) return null;
  const address = new URL(page);
  // As text: `URLSearchParams` would write the app's own parameters in another way.
  address.search = fields.filter((field) => !RETURN_PARAMETER.test(field)).join("&");
  return { name: name as Returned["name"], value, address };
}

/** Resolves with the address at which the popup came back, or with null when it was closed. */
export async function waitForReturn(
  popup: Popup,
  { origin, pathname }: URL,
  setTimer: (fire: () => void, delayMs: number) => () => void,
): Promise<URL | null> {
  for (;;) {
    const address = popup.address();
    if (address?.origin === origin && address.pathname === pathname) return address;
    if (popup.isClosed()) return null;
    await new Promise<void>((resolve) => setTimer(resolve, POPUP_POLL_MS));
  }
}
