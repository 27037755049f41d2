/**
 * What a user agent string says of a device, in words that a person knows their own devices by. The
 * string itself is for the audit log alone: it would tell the holder of a copied token whom to imitate.
 *
 * @module
 */

import Bowser from "bowser";

/** "Firefox on Linux", as much of it as is known. Null: nothing is. */
export function describeDevice(userAgent: string | null): string | null {
  if (userAgent === null || userAgent === "") return null; // the parser throws for the empty string
  const { browser, os } = Bowser.parse(userAgent);
  return [browser.name, os.name].filter((name) => name !== undefined && name !== "").join(" on ") ||
    null;
}
