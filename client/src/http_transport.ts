/**
 * The transport for Unified Auth's HTTP API. It turns what comes back into one of the four outcomes,
 * and believes a *no* only when it is the backend's own: a captive portal, a proxy or a broken server
 * can take nothing away. It must not know states or tabs.
 *
 * @module
 */

import type { BrowserKey, Proof } from "./key/browser_key.ts";
import { pageKey } from "./key/page_key.ts";
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
} from "./outcome.ts";
import { ACCESS_TOKEN_SUPERSEDED, PROOF_CODES, readJson, rejectReasonOf } from "./session_codes.ts";
import { sessionEntriesOf, type SessionEntry, type UnifiedAuthUser, validOf } from "./views.ts";

export interface HttpTransportOptions {
  /** Where the function answers, such as `https://<project>.supabase.co/functions/v1/unified-auth`. */
  readonly baseUrl: string | URL;
  /** @default {globalThis.fetch} */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Signs the proofs to which sessions are bound; for tests. @default {the key of this origin} */
  readonly key?: BrowserKey;
}

/** What somebody signs in with. */
export type Credentials =
  | {
    readonly email: string;
    readonly password: string;
    readonly captchaToken?: string;
    readonly deviceName?: string;
  }
  | { readonly supabaseAccessToken: string; readonly deviceName?: string };

export type SessionsOutcome =
  | { readonly kind: "listed"; readonly sessions: readonly SessionEntry[] }
  | Rejected
  | Busy
  | Unavailable;

export type EndSessionOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "not-found" }
  | Rejected
  | Busy
  | Unavailable;

export interface HttpTransport<U extends SessionUser = UnifiedAuthUser> extends Transport<U> {
  /** For `session.signIn((call) => transport.login(credentials, call))`. */
  login(credentials: Credentials, call: Pick<Call, "signal">): Promise<LoginOutcome<U>>;
  /** The live sessions of the person who is signed in. */
  sessions(call?: Partial<Pick<Call, "signal">>): Promise<SessionsOutcome>;
  /** Ends one of them. */
  endSession(id: string, call?: Partial<Pick<Call, "signal">>): Promise<EndSessionOutcome>;
}

type Body = Readonly<Record<string, unknown>>;
type Answer = { readonly response: Response; readonly body: Body | null };
/** The server needs a proof over this challenge. */
type Challenged = { readonly kind: "challenged"; readonly challenge: string };

/** How often one request is signed anew: each refresh of another tab outdates a challenge. */
const MAX_PROOFS = 3;

/**
 * @throws {TypeError} If `baseUrl` is missing or no HTTP URL. In a page it may be a path; where there is
 * none, what asks with a path rejects.
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { baseUrl } = options ?? {};
  // A server that renders the page makes the transport too, and has nothing to resolve a path against.
  const isLater = !globalThis.document && `${baseUrl}`.startsWith("/");
  let base = isLater ? null : baseOf(baseUrl);
  const { fetch = (request) => globalThis.fetch(request), key = pageKey() } = options;

  async function exchange<T extends { readonly kind: string }>(
    path: string,
    { method = "POST", signal, body, proof }: {
      readonly method?: string;
      readonly signal?: AbortSignal | undefined;
      readonly body?: Body;
      readonly proof?: Proof;
    },
    judge: (answer: Answer) => T | undefined,
  ): Promise<T | Busy | Unavailable> {
    base ??= baseOf(baseUrl);
    try {
      const response = await fetch(
        new Request(base + path, {
          method,
          credentials: "include",
          cache: "no-store",
          // What leads elsewhere is not our server's answer.
          redirect: "manual",
          // Without it, a rotation whose page goes away in the meantime is lost.
          keepalive: true,
          signal: signal ?? null,
          ...(body && {
            headers: {
              "content-type": "application/json",
              ...(proof?.kind === "signed" && { DPoP: proof.jwt }),
            },
            body: JSON.stringify(body),
          }),
        }),
      );
      const answer = { response, body: await readJson(response) };
      return judge(answer) ?? doubtOf(response);
    } catch (error) {
      if (error instanceof TypeError || signal?.aborted) {
        return { kind: "unavailable", cause: signal?.aborted ? "timeout" : "network" };
      }
      throw error;
    }
  }

  const prove = (
    path: string,
    challenge?: string,
    options?: Parameters<BrowserKey["prove"]>[1],
  ) => {
    base ??= baseOf(baseUrl);
    return key.prove({ method: "POST", url: base + path, challenge }, options);
  };

  /** Sends a proof, and a new one for each new challenge. */
  async function exchangeProven<T extends { readonly kind: string }>(
    path: string,
    body: Body,
    { signal, session }: Call,
    creates: boolean,
    judge: (answer: Answer) => T | undefined,
  ): Promise<T | Busy | Unavailable> {
    let proof = await prove(path, session?.challenge, { creates });
    for (let proofs = 1;; proofs++) {
      const outcome = await exchange(
        path,
        { signal, body, proof },
        (answer) => challengedIn(answer) ?? judge(answer),
      );
      if (!isChallenged(outcome)) return outcome;
      if (proof.kind === "unreadable" || proofs === MAX_PROOFS) break;
      proof = await prove(path, outcome.challenge, { creates: true });
      // Now it is known that there is a key; to be asked again without one would change nothing.
      if (proof.kind !== "signed") break;
    }
    return { kind: "unavailable", cause: "key" };
  }

  async function askSession(
    path: "/validate" | "/refresh",
    call: Call,
  ): Promise<Outcome<UnifiedAuthUser>> {
    // A visitor who never signed in is given no key: it would tell the server who comes back.
    const creates = path === "/refresh" || call.session !== undefined;
    const outcome = await exchangeProven(
      path,
      {},
      call,
      creates,
      (answer) => validIn(answer) ?? rejectedIn(answer) ?? supersededIn(answer),
    );
    if (outcome.kind !== "superseded") return outcome;
    return path === "/validate"
      ? askSession("/refresh", call)
      : { kind: "unavailable", cause: "protocol", status: 401 };
  }

  return {
    validate: (call) => askSession("/validate", call),
    refresh: (call) => askSession("/refresh", call),
    async login(credentials, { signal }) {
      const proof = await prove("/login", undefined, { creates: true, repairs: true });
      return await exchange(
        "/login",
        { signal, body: loginBody(credentials), proof },
        (answer) => validIn(answer) ?? refusedIn(answer),
      );
    },
    async logout({ scope, ...call }: Call & { readonly scope: LogoutScope }) {
      const outcome = await exchangeProven<LogoutOutcome>(
        "/logout",
        { scope },
        call,
        false,
        (answer) => answer.body?.["signed_out"] === true ? { kind: "done" } : rejectedIn(answer),
      );
      if (outcome.kind !== "rejected") return outcome;
      // A session that is over already is what was wanted.
      if (outcome.reason !== "key-lost") return { kind: "done" };
      // Its other devices are out of reach without the key, but not this browser's cookies.
      if (scope === "global") await this.logout({ ...call, scope: "local" });
      return outcome;
    },
    sessions: ({ signal } = {}) =>
      exchange("/sessions", { method: "GET", signal }, (answer) => {
        const sessions = sessionEntriesOf(answer.body);
        return sessions ? { kind: "listed", sessions } : rejectedIn(answer);
      }),
    endSession: (id, { signal } = {}) =>
      exchange(
        `/sessions/${encodeURIComponent(id)}`,
        { method: "DELETE", signal },
        ({ response, body }): EndSessionOutcome | undefined => {
          if (body?.["signed_out"] === true) return { kind: "done" };
          if (body?.["code"] === "not_found") return { kind: "not-found" };
          return rejectedIn({ response, body });
        },
      ),
  };
}

function baseOf(baseUrl: string | URL | undefined): string {
  // A missing one would otherwise become the path "undefined".
  if (!baseUrl) throw new TypeError("Cannot create a transport as 'baseUrl' is missing");
  const url = new URL(baseUrl, globalThis.document?.baseURI);
  if (!url.protocol.startsWith("http")) {
    throw new TypeError(`Cannot create a transport as 'baseUrl' is no HTTP URL: ${url.href}`);
  }
  return url.href.replace(/\/+$/, "");
}

function loginBody(credentials: Credentials): Body {
  const { deviceName: device_name } = credentials;
  if ("supabaseAccessToken" in credentials) {
    return { supabase_access_token: credentials.supabaseAccessToken, device_name };
  }
  const { email, password, captchaToken: captcha_token } = credentials;
  return { email, password, captcha_token, device_name };
}

function validIn({ response, body }: Answer): ReturnType<typeof validOf> {
  return response.status === 200 ? validOf(body) : undefined;
}

function rejectedIn({ response, body }: Answer): Rejected | undefined {
  const reason = response.status === 401 ? rejectReasonOf(body?.["code"]) : undefined;
  return reason && { kind: "rejected", reason };
}

function challengedIn({ response, body }: Answer): Challenged | undefined {
  if (response.status !== 401 || body?.["code"] !== PROOF_CODES.required) return undefined;
  const challenge = body["challenge"] ?? response.headers.get("dpop-nonce");
  return { kind: "challenged", challenge: String(challenge) };
}

function isChallenged(outcome: { readonly kind: string }): outcome is Challenged {
  return outcome.kind === "challenged";
}

function supersededIn({ response, body }: Answer): { readonly kind: "superseded" } | undefined {
  return response.status === 401 && body?.["code"] === ACCESS_TOKEN_SUPERSEDED
    ? { kind: "superseded" }
    : undefined;
}

function refusedIn(
  { response, body }: Answer,
): Extract<LoginOutcome<never>, { kind: "refused" }> | undefined {
  const { status } = response;
  const { code, message } = body ?? {};
  return status >= 400 && status < 500 && typeof code === "string" && typeof message === "string"
    ? { kind: "refused", code, message, status, retryAfterMs: retryAfterMsOf(response) }
    : undefined;
}

function doubtOf(response: Response): Busy | Unavailable {
  const { status } = response;
  if (status === 429 || status === 503) {
    return { kind: "busy", retryAfterMs: retryAfterMsOf(response) };
  }
  return { kind: "unavailable", cause: status >= 500 ? "server" : "protocol", status };
}

/** RFC 9110 section 10.2.3; its date form only by the server's own clock. */
function retryAfterMsOf({ headers }: Response): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers.get("date") ?? "");
  return ms >= 0 ? ms : undefined;
}
