/**
 * Which address the functions take for the client's. The delays for failed logins are counted by it,
 * and it stands in the audit log: it must be the client's own, and the client must not be able to write
 * it, neither through the proxy nor past it.
 *
 * @module
 */

import {
  areTwoClients,
  FORGED_ADDRESS,
  FORGED_HEADERS,
  isInside,
  readAddress,
} from "../addresses.ts";
import { failed, notChecked, ok, type Verdict, warning } from "../finding.ts";
import { originOf, type Patient } from "../patient.ts";
import { findProjectUrl } from "../project_url.ts";
import { isLoopback } from "../site.ts";

/** What Cloudflare tells of a Worker that calls another zone: one address for all its users. */
const CLOUDFLARE_WORKER = "2a06:98c0:3600::103";

const NAME_THE_HEADER =
  "Name the header that your proxy sets in SESSION_CLIENT_IP_HEADER, and have " +
  "the proxy overwrite what clients send (docs/deploy).";

export async function clientAddress(patient: Patient): Promise<Verdict> {
  const { askFunction, target, trial } = patient;
  const made = await trial.signIn();
  if (made.kind !== "signed_in") {
    return notChecked("Only a session shows the address.", "Give a test account: see sign_in.");
  }
  const address = await readAddress(askFunction, made);
  if (address === undefined) {
    return notChecked("The list of sessions cannot be read.", "See cookies_arrive.");
  }
  const again = await trial.signInAgain(FORGED_HEADERS);
  if (await readAddress(askFunction, again) === FORGED_ADDRESS) {
    return failed(
      "A client can write its own address into a header, and so pass by the delays for failed " +
        "logins.",
      NAME_THE_HEADER,
    );
  }
  const projectUrl = findProjectUrl(target, made.accessToken);
  const pastProxy = projectUrl === null || projectUrl === originOf(target.functionsUrl)
    ? undefined
    : await readAddressPastProxy(patient, projectUrl);
  return judgeAddress({ address, pastProxy, url: new URL(target.functionsUrl) });
}

/** As whoever knows the project's address can ask. Undefined: it does not answer from here. */
async function readAddressPastProxy(
  { ask, openTrial }: Patient,
  projectUrl: string,
): Promise<string | null | undefined> {
  const functionsUrl = `${projectUrl}/functions/v1`;
  const health = await ask(`${functionsUrl}/unified-auth/health`);
  if (health.kind === "no_reply" || health.json?.["status"] !== "ok") return undefined;
  const made = await openTrial(functionsUrl).signInAgain(FORGED_HEADERS);
  return await readAddress((path, question) => ask(`${functionsUrl}${path}`, question), made);
}

interface Addresses {
  readonly address: string | null;
  readonly pastProxy: string | null | undefined;
  readonly url: URL;
}

function judgeAddress({ address, pastProxy, url }: Addresses): Verdict {
  if (pastProxy === FORGED_ADDRESS) {
    return failed(
      "Whoever calls the project past the proxy can write their own address into a header.",
      "Give the header of SESSION_CLIENT_IP_HEADER a name that nobody can guess (docs/deploy).",
    );
  }
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
  if (pastProxy && areTwoClients(address, pastProxy)) {
    return warning(
      "This machine has another address through the proxy than past it: probably the functions " +
        "take the proxy's address for every client's.",
      NAME_THE_HEADER,
    );
  }
  return ok("The functions see an address, and a client cannot write another into a header.");
}
