/**
 * The transport for Unified Auth's HTTP API. It turns what comes back into one of the four outcomes,
 * and believes a *no* only when it is the backend's own: a captive portal, a proxy or a broken server
 * can take nothing away. It must not know states or tabs.
 *
 * @module
 */

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
import { readJson, rejectReasonOf } from "./session_codes.ts";
import { sessionEntriesOf, type SessionEntry, type UnifiedAuthUser, validOf } from "./views.ts";

export interface HttpTransportOptions {
  /** Where the function answers, such as `https://<project>.supabase.co/functions/v1/unified-auth`. */
  readonly baseUrl: string | URL;
  /** @default {globalThis.fetch} */
  readonly fetch?: (request: Request) => Promise<Response>;
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

/**
 * @throws {TypeError} If `baseUrl` is missing or no HTTP URL. In a page it may be a path; where there is
 * none, what asks with a path rejects.
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { baseUrl } = options ?? {};
  // A server that renders the page makes the transport too, and has nothing to resolve a path against.
  const isLater = !globalThis.document && `${baseUrl}`.startsWith("/");
  let base = isLater ? null : baseOf(baseUrl);
  const { fetch = (request) => globalThis.fetch(request) } = options;

  async function exchange<T>(
    path: string,
    { method = "POST", signal, body }: {
      readonly method?: string;
      readonly signal?: AbortSignal | undefined;
      readonly body?: Body;
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
            headers: { "content-type": "application/json" },
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

  const askSession = (path: string, signal: AbortSignal): Promise<Outcome<UnifiedAuthUser>> =>
    exchange(path, { signal, body: {} }, (answer) => validIn(answer) ?? rejectedIn(answer));

  return {
    validate: ({ signal }) => askSession("/validate", signal),
    refresh: ({ signal }) => askSession("/refresh", signal),
    login: (credentials, { signal }) =>
      exchange(
        "/login",
        { signal, body: loginBody(credentials) },
        (answer) => validIn(answer) ?? refusedIn(answer),
      ),
    logout: ({ signal, scope }: Call & { readonly scope: LogoutScope }): Promise<LogoutOutcome> =>
      // A session that is over already is what was wanted.
      exchange("/logout", { signal, body: { scope } }, (answer) =>
        answer.body?.["signed_out"] === true || rejectedIn(answer) ? { kind: "done" } : undefined),
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
