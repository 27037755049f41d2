/**
 * The capabilities of the page's host. Browsers have no passkeys for an address such as `127.0.0.1`, and
 * the functions of the local stack let links and providers come back to that address alone: the page at
 * `localhost` is another site, with separate cookies.
 *
 * @module
 */

export interface PageHost {
  readonly hasPasskeys: boolean;
  /** Whether a provider or a mail's link leads back here. */
  readonly isReturnedTo: boolean;
  /** The same page under the other host. */
  readonly other: URL;
}

export function readPageHost(address = new URL(location.href)): PageHost {
  const isAddress = address.hostname === "127.0.0.1";
  const other = new URL("/", address);
  other.hostname = isAddress ? "localhost" : "127.0.0.1";
  return {
    hasPasskeys: !isAddress && "PublicKeyCredential" in globalThis,
    isReturnedTo: isAddress,
    other,
  };
}
