/**
 * A browser as the functions see one: a cookie jar, a user agent and an address. Keeps what an answer
 * sets and forgets what it clears, unless a test says that the answer was lost on its way.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type SessionView, sessionView } from "../../supabase/functions/_shared/http/schemas.ts";

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
  /** @default {FIREFOX} */
  readonly userAgent?: string;
  /** As the gateway in front would tell it. @default {none} */
  readonly ip?: string;
  readonly cookies?: ReadonlyMap<string, string>;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer never arrives: the jar stays as it was. */
  readonly lost?: boolean;
}

export interface Browser {
  readonly cookies: Map<string, string>;
  readonly refreshToken: string | undefined;
  readonly accessToken: string | undefined;
  call(path: string, call?: Call): Promise<Answer>;
  login(user: { readonly email: string; readonly password: string }): Promise<SessionView>;
  validate(call?: Call): Promise<Answer>;
  refresh(call?: Call): Promise<Answer>;
  logout(scope?: "local" | "others" | "global"): Promise<Answer>;
  /** Takes in an answer that was lost until now, perhaps without the one cookie that a proxy dropped. */
  keep(answer: Answer, options?: { readonly dropped?: string }): void;
  /** The same browser, with the same cookies as now: another tab's memory, a backup, a thief's copy. */
  copy(changes?: Partial<BrowserOptions>): Browser;
}

export function openBrowser(options: BrowserOptions): Browser {
  const cookies = new Map(options.cookies ?? []);

  const call = async (path: string, call: Call = {}): Promise<Answer> => {
    const hasBody = call.body !== undefined;
    const response = await fetch(`${options.functionsUrl}${path}`, {
      method: call.method ?? "POST",
      headers: {
        "user-agent": options.userAgent ?? FIREFOX,
        ...(options.ip === undefined ? {} : { "cf-connecting-ip": options.ip }),
        ...(cookies.size === 0
          ? {}
          : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") }),
        ...(hasBody ? { "content-type": "application/json" } : {}),
        ...call.headers,
      },
      ...(hasBody ? { body: JSON.stringify(call.body) } : {}),
    });
    const setCookies = response.headers.getSetCookie();
    const text = await response.text();
    const body: unknown = text === "" ? {} : JSON.parse(text);
    assert.ok(typeof body === "object" && body !== null);
    if (!call.lost) keepCookies(cookies, setCookies);
    return {
      status: response.status,
      headers: response.headers,
      setCookies,
      body: body as Readonly<Record<string, unknown>>,
    };
  };

  return {
    cookies,
    get refreshToken() {
      return cookies.get(REFRESH_COOKIE);
    },
    get accessToken() {
      return cookies.get(ACCESS_COOKIE);
    },
    call,
    login: async (user) => {
      const { email, password } = user;
      const answer = await call("/unified-auth/login", { body: { email, password } });
      return viewOf(answer);
    },
    validate: (given) => call("/unified-auth/validate", given),
    refresh: (given) => call("/unified-auth/refresh", given),
    logout: (scope = "local") => call("/unified-auth/logout", { body: { scope } }),
    keep: ({ setCookies }, { dropped } = {}) =>
      keepCookies(cookies, setCookies.filter((line) => !line.startsWith(`${dropped}=`))),
    copy: (changes) => openBrowser({ ...options, ...changes, cookies: new Map(cookies) }),
  };
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

function keepCookies(jar: Map<string, string>, setCookies: readonly string[]): void {
  for (const line of setCookies) {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const [name = "", value = ""] = [
      pair.slice(0, pair.indexOf("=")),
      pair.slice(pair.indexOf("=") + 1),
    ];
    if (attributes.some((attribute) => attribute.toLowerCase() === "max-age=0")) jar.delete(name);
    else jar.set(name, value);
  }
}
