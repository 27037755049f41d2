/**
 * The client's address, from the header that the operator trusts, or from the platform's own. No other
 * header is read: the first entry of `X-Forwarded-For`, in particular, is written by the caller.
 *
 * @module
 */

/** The platform's edge writes it, over what a caller sends: of those too who pass a proxy by. */
export const PLATFORM_IP_HEADER = "cf-connecting-ip";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[0-9a-f:.]{2,45}$/i;
const MAPPED_IPV4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Answers the address in its one normal form, or null when the header is missing or no address: IPv6 in
 * lower case and shortened (RFC 5952) without its zone, an IPv4 address mapped into IPv6 as IPv4.
 *
 * Of a list the last entry counts, which the nearest proxy added itself.
 */
export function readClientAddress(headerValue: string | null): string | null {
  const nearest = headerValue?.split(",").at(-1)?.trim() ?? "";
  if (IPV4.test(nearest)) return nearest;
  const [address = ""] = nearest.replace(/^\[(.*)\]$/, "$1").split("%");
  return normaliseIpv6(address);
}

/**
 * The network that one customer of a provider has to themselves, of an address in its normal form: an
 * IPv4 address, or the first 48 bits of an IPv6 address. Anybody with one IPv6 address has 2^64 of
 * them, and a /48 is easy to get.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const words = head === "" ? [] : head.split(":");
  const zeros = tail === undefined
    ? 0
    : 8 - words.length - (tail === "" ? 0 : tail.split(":").length);
  const all = [...words, ...Array(zeros).fill("0"), ...(tail ? tail.split(":") : [])];
  return `${all.slice(0, 3).join(":")}::/48`;
}

function normaliseIpv6(address: string): string | null {
  if (!IPV6_CHARACTERS.test(address)) return null;
  const url = `http://[${address}]`;
  if (!URL.canParse(url)) return null;
  const normal = new URL(url).hostname.slice(1, -1);
  const mapped = MAPPED_IPV4.exec(normal);
  return mapped === null ? normal : writeIpv4(mapped.slice(1));
}

function writeIpv4(hexWords: readonly string[]): string {
  return hexWords.map((word) => parseInt(word, 16)).flatMap((word) => [word >> 8, word & 255]).join(
    ".",
  );
}
