/**
 * Addresses of clients, as the functions saw them, and as a client may try to write them.
 *
 * @module
 */

import { BlockList, isIPv6 } from "node:net";
import { sessionList } from "../../supabase/functions/_shared/http/schemas.ts";
import type { AskFunction } from "./subject.ts";
import { isOurs } from "./anonymous_callers.ts";
import type { SignIn, TestSession } from "./test_session.ts";

/** Of the network for documentation (RFC 5737): nobody's address. */
const FORGED_ADDRESS = "192.0.2.199";

/**
 * The headers in which proxies put the client's address, and which a careless one hands on from the client.
 * Cloudflare's comes last: its edge, behind which hosted projects stand, refuses callers that send it, so
 * that a request with all of them would not find out about the others.
 */
const FORGERIES = [
  [
    "true-client-ip",
    "x-client-ip",
    "x-forwarded-for",
    "x-real-ip",
    "x-vercel-forwarded-for",
    "x-nf-client-connection-ip",
  ],
  ["cf-connecting-ip"],
] as const;

/** Whether a client can write its own address. `unknown`: it could not sign in to see. */
export type Forgery = "written" | "ignored" | "unknown";

/** Signs in anew with each of the headers. */
export async function tryForgeries(
  askFunction: AskFunction,
  testSession: Pick<TestSession, "signInAgain">,
): Promise<Forgery> {
  let worst: Forgery = "ignored";
  for (const names of FORGERIES) {
    const headers = Object.fromEntries(names.map((name) => [name, FORGED_ADDRESS]));
    const made = await testSession.signInAgain(headers);
    if (isTurnedAway(made)) continue;
    const seen = await readAddress(askFunction, made, headers);
    if (seen === FORGED_ADDRESS) return "written";
    if (seen === undefined) worst = "unknown";
  }
  return worst;
}

/** By what stands before the functions, which a header that it refuses does not pass. */
function isTurnedAway(made: SignIn): boolean {
  if (made.kind !== "refused" || made.answer.kind === "no_reply") return false;
  const { status } = made.answer;
  return !isOurs(made.answer) && status >= 400 && status < 500 && status !== 429;
}

/** The address that a request of a session comes from. Undefined: it could not be determined. */
export async function readAddress(
  askFunction: AskFunction,
  made: SignIn,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | null | undefined> {
  if (made.kind !== "signed_in") return undefined;
  const answer = await askFunction("/unified-auth/sessions", {
    headers: { ...headers, cookie: made.cookieHeader },
  });
  const list = sessionList.safeParse(answer.kind === "reply" ? answer.json : null).data;
  return list?.sessions.find(({ current }) => current)?.ip;
}

const INSIDE = new BlockList();
for (
  const [network, prefix, family] of [
    ["10.0.0.0", 8, "ipv4"],
    ["100.64.0.0", 10, "ipv4"],
    ["127.0.0.0", 8, "ipv4"],
    ["169.254.0.0", 16, "ipv4"],
    ["172.16.0.0", 12, "ipv4"],
    ["192.168.0.0", 16, "ipv4"],
    ["::1", 128, "ipv6"],
    ["fc00::", 7, "ipv6"],
    ["fe80::", 10, "ipv6"],
  ] as const
) INSIDE.addSubnet(network, prefix, family);

/** Whether it is one of an inner network, which no client of the internet has. */
export function isInside(address: string): boolean {
  return INSIDE.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** One client has an address of each family: of two families nothing can be said. */
export function areTwoClients(address: string, other: string): boolean {
  return address !== other && isIPv6(address) === isIPv6(other);
}
