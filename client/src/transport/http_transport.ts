/**
 * The transport for Unified Auth's HTTP API. It turns each answer into one of the four outcomes, and
 * believes a refusal only when it is the backend's own: a captive portal, a proxy or a broken server can
 * take nothing away.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";
import { type Answer, createExchange, type Exchange, retryAfterMsOf } from "./http_exchange.ts";
import type { BrowserKey } from "../key/prover.ts";
import { pageKey } from "../key/page_key.ts";
import type { DevicesOutcome, EndDeviceOutcome } from "./devices.ts";
import type {
  Busy,
  Call,
  LoginOutcome,
  LogoutOutcome,
  LogoutScope,
  Outcome,
  Rejected,
  SessionUser,
  Transport,
  Unavailable,
  Valid,
} from "./outcome.ts";
import { type MfaRequired, mfaRequiredIn } from "./second_factor.ts";
import {
  ACCESS_TOKEN_SUPERSEDED,
  type Json,
  PROOF_CODES,
  rejectReasonOf,
  sessionEntriesOf,
  type UnifiedAuthUser,
  validOf,
} from "./views.ts";

/** The credentials of a sign-in. */
export type Credentials =
  | {
    readonly email: string;
    readonly password: string;
    readonly captchaToken?: string | undefined;
    readonly deviceName?: string | undefined;
  }
  | { readonly supabaseAccessToken: string; readonly deviceName?: string | undefined };

export interface HttpTransport<U extends SessionUser = UnifiedAuthUser>
  extends Transport<U>, Exchange {
  login(
    credentials: Credentials,
    call: Pick<Call, "signal">,
  ): Promise<LoginOutcome<U> | MfaRequired>;
  /** The live sessions of the person who is signed in. */
  sessions(call: Pick<Call, "signal">): Promise<DevicesOutcome>;
  /** Ends one of them. */
  endSession(id: string, call: Pick<Call, "signal">): Promise<EndDeviceOutcome>;
}

/** The server needs a proof over this challenge. */
type Challenged = { readonly kind: "challenged"; readonly challenge: string };
type Superseded = { readonly kind: "superseded" };

/** How often one request is signed anew: each refresh of another tab outdates a challenge. */
const MAX_PROOFS = 3;

/** @throws {TypeError} If `baseUrl` is missing or no HTTP URL. */
export function createHttpTransport<U extends SessionUser = UnifiedAuthUser>(
  { baseUrl, environment, key = pageKey() }: {
    /** Where the function answers. In a page it may be a path; outside a page, a path makes each call reject. */
    readonly baseUrl: string | URL;
    readonly environment: Pick<
      SessionEnvironment,
      "fetch" | "window" | "document" | "setTimer" | "reportError"
    >;
    /** Signs the proofs to which sessions are bound. */
    readonly key?: BrowserKey;
  },
): HttpTransport<U> {
  const { url, send } = createExchange(baseUrl, environment);
  const prove = (path: string, challenge?: string, options?: Parameters<BrowserKey["prove"]>[1]) =>
    key.prove({ method: "POST", url: url(path), challenge }, options);

  /** Sends a proof, and a new one for each new challenge. */
  async function sendProven<T extends { readonly kind: string }>(
    path: string,
    body: Json,
    { signal, session }: Call,
    creates: boolean,
    interpret: (answer: Answer) => T | undefined,
  ): Promise<T | Busy | Unavailable> {
    const outlivesPage = path !== "/logout";
    let proof = await prove(path, session?.challenge, { creates });
    for (let proofs = 1;; proofs++) {
      const outcome = await send(
        path,
        { signal, body, proof, outlivesPage },
        (answer) => challengedIn(answer) ?? interpret(answer),
      );
      if (!isChallenged(outcome)) return outcome;
      if (proof.kind === "unreadable" || proofs === MAX_PROOFS) break;
      proof = await prove(path, outcome.challenge, { creates: true });
      // Now it is known that there is a key; to ask again without one would change nothing.
      if (proof.kind !== "signed") break;
    }
    return { kind: "unavailable", cause: "key" };
  }

  async function askSession(
    path: "/validate" | "/refresh",
    call: Call,
  ): Promise<Outcome<U>> {
    // A visitor who never signed in is given no key: the server could recognise them by it.
    const creates = path === "/refresh" || call.session !== undefined;
    const outcome = await sendProven(
      path,
      {},
      call,
      creates,
      (answer) => validIn<U>(answer) ?? rejectedIn(answer) ?? supersededIn(answer),
    );
    if (outcome.kind !== "superseded") return outcome;
    return path === "/validate"
      ? askSession("/refresh", call)
      : { kind: "unavailable", cause: "protocol", status: 401 };
  }

  async function logout(
    { scope, ...call }: Call & { readonly scope: LogoutScope },
  ): Promise<LogoutOutcome> {
    const outcome = await sendProven<LogoutOutcome>(
      "/logout",
      { scope },
      call,
      false,
      (answer) => answer.body?.["signed_out"] === true ? { kind: "done" } : rejectedIn(answer),
    );
    if (outcome.kind !== "rejected") return outcome;
    // A session that has ended already is what was wanted.
    if (outcome.reason !== "key-lost") return { kind: "done" };
    // Its other devices are out of reach without the key, but not this browser's cookies.
    if (scope === "global") await logout({ ...call, scope: "local" });
    return outcome;
  }

  return {
    url,
    send,
    logout,
    validate: (call) => askSession("/validate", call),
    refresh: (call) => askSession("/refresh", call),
    async login(credentials, { signal }) {
      const proof = await prove("/login", undefined, { creates: true, repairs: true });
      return await send(
        "/login",
        { signal, body: loginBody(credentials), proof },
        (answer) => validIn<U>(answer) ?? mfaRequiredIn(answer) ?? refusedIn(answer),
      );
    },
    sessions: ({ signal }) =>
      send("/sessions", { method: "GET", signal }, (answer) => {
        const devices = sessionEntriesOf(answer.body);
        return devices ? { kind: "listed", devices } : rejectedTokenIn(answer);
      }),
    endSession: (id, { signal }) =>
      send(
        `/sessions/${encodeURIComponent(id)}`,
        { method: "DELETE", signal },
        (answer): EndDeviceOutcome | undefined => {
          if (answer.body?.["signed_out"] === true) return { kind: "done" };
          if (answer.body?.["code"] === "not_found") return { kind: "not-found" };
          return rejectedTokenIn(answer);
        },
      ),
  };
}

function loginBody(credentials: Credentials): Json {
  const { deviceName: device_name } = credentials;
  if ("supabaseAccessToken" in credentials) {
    return { supabase_access_token: credentials.supabaseAccessToken, device_name };
  }
  const { email, password, captchaToken: captcha_token } = credentials;
  return { email, password, captcha_token, device_name };
}

export function validIn<U extends SessionUser>({ response, body }: Answer): Valid<U> | undefined {
  return response.status === 200 ? validOf(body) : undefined;
}

function rejectedIn({ response, body }: Answer): Rejected | undefined {
  const reason = response.status === 401 ? rejectReasonOf(body?.["code"]) : undefined;
  return reason && { kind: "rejected", reason };
}

/** As `rejectedIn`, where only the access token counts. */
export function rejectedTokenIn(answer: Answer): Rejected | undefined {
  return rejectedIn(answer) ?? (supersededIn(answer) && { kind: "rejected", reason: "no-session" });
}

function challengedIn({ response, body }: Answer): Challenged | undefined {
  if (response.status !== 401 || body?.["code"] !== PROOF_CODES.required) return undefined;
  const challenge = body["challenge"] ?? response.headers.get("dpop-nonce");
  return { kind: "challenged", challenge: String(challenge) };
}

function isChallenged(outcome: { readonly kind: string }): outcome is Challenged {
  return outcome.kind === "challenged";
}

function supersededIn({ response, body }: Answer): Superseded | undefined {
  return response.status === 401 && body?.["code"] === ACCESS_TOKEN_SUPERSEDED
    ? { kind: "superseded" }
    : undefined;
}

export function refusedIn(
  { response, body }: Answer,
): Extract<LoginOutcome<never>, { kind: "refused" }> | undefined {
  const { status } = response;
  const { code, message } = body ?? {};
  return status >= 400 && status < 500 && typeof code === "string" && typeof message === "string"
    ? { kind: "refused", code, message, status, retryAfterMs: retryAfterMsOf(response) }
    : undefined;
}
