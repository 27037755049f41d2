/**
 * A browser as the functions see one: a cookie jar, a user agent, an address, and perhaps a key. Keeps
 * what an answer sets and forgets what it clears, unless a test says that the answer was lost on its
 * way. With a key it proves itself as the client does: over the last challenge that it was given, and
 * again over a new one where the answer asks for that.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CookieJar } from "tough-cookie";
import type { ProofKey, ProofRoute } from "./proof_key.ts";
import { type SessionView, sessionView } from "../../../supabase/functions/_shared/http/schemas.ts";

export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
export const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36";

export const ACCESS_COOKIE = "__Host-session_access";
export const REFRESH_COOKIE = "__Host-session_refresh";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly setCookies: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

export interface BrowserOptions {
  /** `${stack.baseUrl}/functions/v1` */
  readonly functionsUrl: string;
  /** Where the browser sees them, which says what cookies they may set. @default {functionsUrl} */
  readonly publicUrl?: string;
  /** @default {FIREFOX} */
  readonly userAgent?: string;
  /** As the gateway in front would tell it. @default {none} */
  readonly ip?: string;
  readonly cookies?: ReadonlyMap<string, string>;
  /** @default {none: its sessions are not bound} */
  readonly key?: ProofKey | null;
  /** The last one that was given. @default {none} */
  readonly challenge?: string | null;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The last answer never arrives: the jar stays as it was. */
  readonly lost?: boolean;
  /** This proof instead of one of the browser's own; null: none, as a server that renders for it. */
  readonly proof?: string | null;
  /** How often a proof is sent before the answer counts. @default {3} */
  readonly tries?: number;
}

export interface Browser {
  readonly cookies: Map<string, string>;
  /** A test may take it away, or give another. */
  key: ProofKey | null;
  challenge: string | null;
  readonly refreshToken: string | undefined;
  readonly accessToken: string | undefined;
  call(path: string, call?: Call): Promise<Answer>;
  login(user: { readonly email: string; readonly password: string }): Promise<SessionView>;
  validate(call?: Call): Promise<Answer>;
  refresh(call?: Call): Promise<Answer>;
  logout(scope?: "local" | "others" | "global", call?: Call): Promise<Answer>;
  /** The proof that a request to this path would carry now; null: none. */
  prove(path: string): Promise<string | null>;
  /** Takes in an answer that was lost until now, perhaps without the one cookie that a proxy dropped. */
  keep(answer: Answer, options?: { readonly dropped?: string }): void;
  /**
   * The same browser, with the same cookies as now: another tab's memory, a backup. With `key: null` a
   * thief's copy.
   */
  copy(changes?: Partial<BrowserOptions>): Browser;
}

const PROVES = /\/(login|validate|refresh|logout)$/;

export function openBrowser(options: BrowserOptions): Browser {
  const cookies = new Map(options.cookies ?? []);

  const send = async (path: string, call: Call): Promise<Answer> => {
    const hasBody = call.body !== undefined;
    const proof = call.proof === undefined ? await browser.prove(path) : call.proof;
    const response = await fetch(`${options.functionsUrl}${path}`, {
      method: call.method ?? "POST",
      headers: {
        "user-agent": options.userAgent ?? FIREFOX,
        ...(options.ip === undefined ? {} : { "cf-connecting-ip": options.ip }),
        ...(cookies.size === 0
          ? {}
          : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") }),
        ...(hasBody ? { "content-type": "application/json" } : {}),
        ...(proof === null ? {} : { dpop: proof }),
        ...call.headers,
      },
      ...(hasBody ? { body: JSON.stringify(call.body) } : {}),
    });
    const setCookies = response.headers.getSetCookie();
    const text = await response.text();
    const body: unknown = text === "" ? {} : JSON.parse(text);
    assert.ok(typeof body === "object" && body !== null);
    return {
      status: response.status,
      headers: response.headers,
      setCookies,
      body: body as Readonly<Record<string, unknown>>,
    };
  };

  const browser: Browser = {
    cookies,
    key: options.key ?? null,
    challenge: options.challenge ?? null,
    get refreshToken() {
      return cookies.get(REFRESH_COOKIE);
    },
    get accessToken() {
      return cookies.get(ACCESS_COOKIE);
    },
    async prove(path) {
      const route = PROVES.exec(path)?.[1];
      if (browser.key === null || route === undefined) return null;
      const challenge = route === "login" ? null : browser.challenge;
      return await browser.key.prove({ route: route as ProofRoute, challenge });
    },
    async call(path, call = {}) {
      const tries = browser.key === null || call.proof !== undefined ? 1 : call.tries ?? 3;
      for (let tried = 1;; tried++) {
        const answer = await send(path, call);
        const goesOn = codeOf(answer) === "proof_required" && tried < tries;
        if (!call.lost || goesOn) browser.keep(answer);
        if (!goesOn) return answer;
      }
    },
    login: async (user) => {
      const { email, password } = user;
      const answer = await browser.call("/unified-auth/login", { body: { email, password } });
      return viewOf(answer);
    },
    validate: (given) => browser.call("/unified-auth/validate", given),
    refresh: (given) => browser.call("/unified-auth/refresh", given),
    logout: (scope = "local", given) =>
      browser.call("/unified-auth/logout", { body: { scope }, ...given }),
    keep: ({ setCookies, body }, { dropped } = {}) => {
      const kept = setCookies.filter((line) => !line.startsWith(`${dropped}=`));
      keepCookies(cookies, kept, options.publicUrl ?? options.functionsUrl);
      browser.challenge = challengeOf(body) ?? browser.challenge;
    },
    copy: (changes) =>
      openBrowser({
        ...options,
        key: browser.key,
        challenge: browser.challenge,
        ...changes,
        cookies: new Map(cookies),
      }),
  };
  return browser;
}

/** The challenge of a session view, or of a `proof_required`. */
export function challengeOf(body: Answer["body"]): string | null {
  const { session, challenge } = body;
  const given = typeof session === "object" && session !== null && "challenge" in session
    ? session.challenge
    : challenge;
  return typeof given === "string" ? given : null;
}

/** The session view of an answer, which must be 200 and fit its schema. */
export function viewOf(answer: Answer): SessionView {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return sessionView.strict().parse(answer.body);
}

/** The answer's error code, or its status where it has none. */
export function codeOf(answer: Answer): string {
  return typeof answer.body["code"] === "string" ? answer.body["code"] : String(answer.status);
}

/** Rejects a cookie that a browser would drop: one whose prefix promises what it has not. */
function keepCookies(
  cookies: Map<string, string>,
  setCookies: readonly string[],
  url: string,
): void {
  for (const line of setCookies) {
    const cookie = new CookieJar(null, { prefixSecurity: "strict" }).setCookieSync(line, url);
    assert.ok(cookie, `a browser drops the cookie ${line}`);
    if (cookie.TTL() === 0) cookies.delete(cookie.key);
    else cookies.set(cookie.key, cookie.value);
  }
}
