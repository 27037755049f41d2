/**
 * The doctor's own sessions: signed in with a test account to see what a browser would get, and signed
 * out again whatever happens. The tokens never leave this module's values.
 *
 * @module
 */

import {
  sessionList,
  type SessionView,
  sessionView,
} from "../../supabase/functions/_shared/http/schemas.ts";
import type { NoReply, Reply } from "./ask.ts";
import type { Account, AskFunction } from "./subject.ts";
import { COOKIE_PREFIX, COOKIE_PREFIXES, readSessionCookies, unfold } from "./set_cookie.ts";

/** A sign-in that worked, as far as its answer arrived. */
export interface SignedIn {
  readonly kind: "signed_in";
  readonly reply: Reply;
  /** Null where the body is not the session view. */
  readonly view: SessionView | null;
  /** The cookies that a browser would send from now on; taken apart where a proxy folded them. */
  readonly cookieHeader: string;
  /** The same under each name that ours can have: a proxy may have renamed them. */
  readonly signOutCookies: string;
  readonly accessToken: string | null;
}

export type SignIn =
  | SignedIn
  | { readonly kind: "refused"; readonly answer: Reply | NoReply }
  | { readonly kind: "no_account" };

export type SignOut =
  | { readonly kind: "nothing_to_end" }
  | { readonly kind: "ended"; readonly sessions: number }
  | { readonly kind: "left"; readonly sessions: number };

export interface TestSession {
  /** The first sign-in; made once, however often it is asked for. */
  signIn(): Promise<SignIn>;
  /** One more, with headers of the caller's. It replaces the first one: a browser has one session. */
  signInAgain(headers: Readonly<Record<string, string>>): Promise<SignIn>;
  /** Ends all of them, and says whether that worked. */
  signOut(): Promise<SignOut>;
}

export interface TestSessionOptions {
  readonly askFunction: AskFunction;
  readonly account: Account | null;
  /** Names the sessions of this run, so that one whose answer was lost is found and ended too. */
  readonly deviceName: string;
}

export function createTestSession(
  { askFunction, account, deviceName }: TestSessionOptions,
): TestSession {
  const attempts: Exclude<SignIn, { kind: "no_account" }>[] = [];
  let first: Promise<SignIn> | undefined;
  let last: Promise<SignOut> | undefined;

  const attempt = async (headers: Readonly<Record<string, string>>): Promise<SignIn> => {
    if (account === null) return { kind: "no_account" };
    const answer = await askFunction("/unified-auth/login", {
      method: "POST",
      headers,
      body: { email: account.email, password: account.password, device_name: deviceName },
    });
    const made = readSignIn(answer);
    attempts.push(made);
    return made;
  };

  return {
    signIn: () => first ??= attempt({}),
    async signInAgain(headers) {
      const before = attempts.findLast((made) => made.kind === "signed_in");
      return await attempt({ ...headers, ...(before ? { cookie: before.cookieHeader } : {}) });
    },
    signOut: () => last ??= signOutAll({ askFunction, deviceName, attempts, attempt }),
  };
}

function readSignIn(answer: Reply | NoReply): Exclude<SignIn, { kind: "no_account" }> {
  if (answer.kind === "no_reply" || answer.status !== 200) return { kind: "refused", answer };
  const found = readSessionCookies(unfold(answer.setCookies));
  const access = found.session_access.at(-1);
  const cookies = [access, found.session_refresh.at(-1)].filter((cookie) => cookie !== undefined);
  return {
    kind: "signed_in",
    reply: answer,
    view: sessionView.safeParse(answer.json).data ?? null,
    cookieHeader: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    signOutCookies: cookies.flatMap(({ name, value }) =>
      COOKIE_PREFIXES.map((prefix) => `${name.replace(COOKIE_PREFIX, prefix)}=${value}`)
    ).join("; "),
    accessToken: access?.value ?? null,
  };
}

interface SignOutOptions extends Pick<TestSessionOptions, "askFunction" | "deviceName"> {
  readonly attempts: readonly Exclude<SignIn, { kind: "no_account" }>[];
  readonly attempt: (headers: Readonly<Record<string, string>>) => Promise<SignIn>;
}

/**
 * From the newest to the oldest, as the newer replaced the older. A sign-in whose answer was lost or
 * mismatched may have made a session all the same: it is looked for by its name from one that is whole.
 */
async function signOutAll(
  { askFunction, deviceName, attempts, attempt }: SignOutOptions,
): Promise<SignOut> {
  const lost = attempts.filter(mayHaveSignedIn).length;
  if (lost === attempts.length && lost > 0) await attempt({});
  const held = attempts.filter((made) => made.kind === "signed_in");
  if (held.length + lost === 0) return { kind: "nothing_to_end" };

  let newestEnded = false;
  for (const [age, { signOutCookies }] of held.toReversed().entries()) {
    const session = { askFunction, deviceName, cookieHeader: signOutCookies };
    const others = await endOthersByName(session);
    const ended = await logOut(session);
    if (others !== null && ended) return { kind: "ended", sessions: others + 1 };
    if (age === 0) newestEnded = ended;
  }
  const left = newestEnded ? lost : held.length + lost;
  return left === 0 ? { kind: "ended", sessions: 1 } : { kind: "left", sessions: left };
}

/** Ends what each of them has made. */
export async function signOutEverywhere(testSessions: readonly TestSession[]): Promise<SignOut> {
  const outcomes: SignOut[] = [];
  for (const testSession of testSessions) outcomes.push(await testSession.signOut());
  const count = (kind: "ended" | "left") =>
    outcomes.reduce((sum, outcome) => sum + (outcome.kind === kind ? outcome.sessions : 0), 0);
  const [ended, left] = [count("ended"), count("left")];
  if (left > 0) return { kind: "left", sessions: left };
  return ended > 0 ? { kind: "ended", sessions: ended } : { kind: "nothing_to_end" };
}

/** No answer, or a proxy's in its place. A refusal in our own words made no session. */
function mayHaveSignedIn(made: SignIn): boolean {
  if (made.kind !== "refused") return false;
  return made.answer.kind === "no_reply" || made.answer.status >= 500;
}

type HeldSession = Pick<TestSessionOptions, "askFunction" | "deviceName"> & {
  readonly cookieHeader: string;
};

/** How many others of this run were ended. Null: it is not known whether there are any. */
async function endOthersByName(
  { askFunction, deviceName, cookieHeader }: HeldSession,
): Promise<number | null> {
  const headers = { cookie: cookieHeader };
  const answer = await askFunction("/unified-auth/sessions", { headers });
  const list = sessionList.safeParse(answer.kind === "reply" ? answer.json : null).data;
  if (list === undefined) return null;
  const others = list.sessions.filter(({ current, device_name }) =>
    !current && device_name === deviceName
  );
  for (const { id } of others) {
    await askFunction(`/unified-auth/sessions/${id}`, { method: "DELETE", headers });
  }
  return others.length;
}

/** Whether it ended a session: without a good cookie it answers the same, and ends none. */
async function logOut({ askFunction, cookieHeader }: HeldSession): Promise<boolean> {
  const answer = await askFunction("/unified-auth/logout", {
    method: "POST",
    headers: { cookie: cookieHeader },
    body: { scope: "local" },
  });
  return answer.kind === "reply" && Number(answer.json?.["sessions_ended"]) >= 1;
}
