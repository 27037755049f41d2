/**
 * Which address the functions take for the client's. The delays for failed logins are counted by it,
 * and it stands in the audit log: it must be the client's own, and the client must not be able to write
 * it, neither through the proxy nor past it.
 *
 * @module
 */

import { areTwoClients, type Forgery, isInside, readAddress, tryForgeries } from "../addresses.ts";
import { failed, notChecked, ok, type Result, warning } from "../finding.ts";
import { type AskFunction, originOf, type Subject } from "../subject.ts";
import { findProjectUrl } from "../project_url.ts";
import { isLoopback } from "../site.ts";

/** Cloudflare's `CF-Connecting-IP` for a Worker that calls another zone: one address for all its users. */
const CLOUDFLARE_WORKER = "2a06:98c0:3600::103";

const NAME_THE_HEADER =
  "Name the header that your proxy sets in SESSION_CLIENT_IP_HEADER, and have " +
  "the proxy overwrite what clients send (docs/deploy).";

export async function clientAddress(subject: Subject): Promise<Result> {
  const { askFunction, target, testSession } = subject;
  const made = await testSession.signIn();
  if (made.kind !== "signed_in") {
    return notChecked("Only a session shows the address.", "Give a test account: see sign_in.");
  }
  const address = await readAddress(askFunction, made);
  if (address === undefined) {
    return notChecked("The list of sessions cannot be read.", "See cookies_arrive.");
  }
  const forgery = await tryForgeries(askFunction, testSession);
  if (forgery === "written") {
    return failed(
      "A client can write its own address into a header, and so pass by the delays for failed " +
        "logins.",
      NAME_THE_HEADER,
    );
  }
  const projectUrl = findProjectUrl(target, made.accessToken);
  const pastProxy = projectUrl === null || projectUrl === originOf(target.functionsUrl)
    ? null
    : await lookPastProxy(subject, projectUrl);
  return judgeAddress({ address, forgery, pastProxy, url: new URL(target.functionsUrl) });
}

interface PastProxy {
  /** Undefined: it could not be determined. */
  readonly address: string | null | undefined;
  readonly forgery: Forgery;
}

/** As anybody who knows the project's address can ask. Null: it does not answer from here. */
async function lookPastProxy(
  { ask, openTestSession }: Subject,
  projectUrl: string,
): Promise<PastProxy | null> {
  const functionsUrl = `${projectUrl}/functions/v1`;
  const health = await ask(`${functionsUrl}/unified-auth/health`);
  if (health.kind === "no_reply" || health.json?.["status"] !== "ok") return null;
  const testSession = openTestSession(functionsUrl);
  const askFunction: AskFunction = (path, question) => ask(`${functionsUrl}${path}`, question);
  return {
    address: await readAddress(askFunction, await testSession.signIn()),
    forgery: await tryForgeries(askFunction, testSession),
  };
}

interface Addresses {
  readonly address: string | null;
  readonly forgery: Exclude<Forgery, "written">;
  readonly pastProxy: PastProxy | null;
  readonly url: URL;
}

function judgeAddress({ address, forgery, pastProxy, url }: Addresses): Result {
  if (pastProxy?.forgery === "written") {
    return failed(
      "Callers that reach the project past the proxy can write their own address into a header.",
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
  if (pastProxy?.address && areTwoClients(address, pastProxy.address)) {
    return warning(
      "This machine has another address through the proxy than past it: probably the functions " +
        "take the proxy's address for every client's.",
      NAME_THE_HEADER,
    );
  }
  if (forgery === "unknown" || pastProxy?.forgery === "unknown") {
    return notChecked(
      "A sign-in with a forged address in a header was refused, so it is not known whether the " +
        "address would have counted.",
      "Wait a minute and ask again; after that, see sign_in.",
    );
  }
  return ok("The functions see an address, and a client cannot write another into a header.");
}
