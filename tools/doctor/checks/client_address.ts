/**
 * Which address the functions take for the client's. The delays for failed logins are counted by it,
 * and it stands in the audit log: it must be the client's own, and the client must not be able to write
 * it.
 *
 * @module
 */

import { BlockList, isIPv6 } from "node:net";
import { sessionList } from "../../../supabase/functions/_shared/http/schemas.ts";
import { failed, notChecked, ok, type Verdict, warning } from "../finding.ts";
import type { Patient } from "../patient.ts";
import { isLoopback } from "../site.ts";
import type { SignIn } from "../trial.ts";

/** Of the network for documentation (RFC 5737): nobody's address. */
const FORGED = "192.0.2.199";

/** The headers by which proxies tell an address, and which a careless one hands on from the client. */
const ADDRESS_HEADERS = [
  "cf-connecting-ip",
  "true-client-ip",
  "x-client-ip",
  "x-forwarded-for",
  "x-real-ip",
  "x-vercel-forwarded-for",
  "x-nf-client-connection-ip",
];

/** What Cloudflare tells of a Worker that calls another zone: one address for all its users. */
const CLOUDFLARE_WORKER = "2a06:98c0:3600::103";

const NAME_THE_HEADER =
  "Name the header that your proxy sets in SESSION_CLIENT_IP_HEADER, and have " +
  "the proxy overwrite what clients send (docs/deploy).";

export async function clientAddress(patient: Patient): Promise<Verdict> {
  const made = await patient.trial.signIn();
  if (made.kind !== "signed_in") {
    return notChecked("Only a session shows the address.", "Give a test account: see sign_in.");
  }
  const address = await readAddress(patient, made);
  if (address === undefined) {
    return notChecked("The list of sessions cannot be read.", "See cookies_arrive.");
  }
  const forged = Object.fromEntries(ADDRESS_HEADERS.map((name) => [name, FORGED]));
  const again = await patient.trial.signInAgain(forged);
  if (await readAddress(patient, again) === FORGED) {
    return failed(
      "A client can write its own address into a header, and so pass by the delays for failed " +
        "logins.",
      NAME_THE_HEADER,
    );
  }
  return judgeAddress(address, new URL(patient.target.functionsUrl));
}

function judgeAddress(address: string | null, url: URL): Verdict {
  if (address === null) {
    return warning(
      "No address reaches the functions: failed logins are counted by account alone.",
      NAME_THE_HEADER,
    );
  }
  if (address === CLOUDFLARE_WORKER) {
    return failed("Every user has one address, that of a Cloudflare Worker.", NAME_THE_HEADER);
  }
  if (isInside(address) && !isLoopback(url)) {
    return warning(
      "The address is one of an inner network, so probably the proxy's and not the client's.",
      NAME_THE_HEADER,
    );
  }
  return ok("The functions see an address, and a client cannot write another into a header.");
}

/** Undefined: there was no telling. */
async function readAddress(
  { askFunction }: Patient,
  made: SignIn,
): Promise<string | null | undefined> {
  if (made.kind !== "signed_in") return undefined;
  const answer = await askFunction("/unified-auth/sessions", {
    headers: { cookie: made.cookieHeader },
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

function isInside(address: string): boolean {
  return INSIDE.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
