/**
 * Load by autocannon: so many connections, each with its next request as soon as the last one is
 * answered. Visitors take turns, and each keeps the cookies that it was given.
 *
 * @module
 */

// @ts-types="@types/autocannon"
import autocannon from "autocannon";
import { quantile } from "simple-statistics";

/** A browser: its cookies by name, which a load may change, what it posts, and its other headers. */
export interface Visitor {
  readonly cookies: Record<string, string>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Load {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  /** None: requests without a cookie. */
  readonly visitors: readonly Visitor[];
  readonly connections: number;
  /** Ends after so many seconds, or after so many requests. */
  readonly seconds?: number;
  readonly amount?: number;
  /** Whether visitors keep the cookies of an answer, which must then bring another one each time. */
  readonly follow?: boolean;
}

export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** State that autocannon keeps between a request and its answer. */
interface Turn {
  visitor?: Visitor;
  sentAtMs?: number;
}

/** As a browser says it; the functions remember it with the session. */
export const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/** A password's check takes half a second of a core, and sixteen may wait for one on a busy machine. */
const TIMEOUT_SECONDS = 60;

/** Where the turns of a list of visitors stand: the next load goes on behind the last one. */
const turns = new WeakMap<readonly Visitor[], number>();

/** Whose last answer was cut off with the end of a load: their cookies are no longer the latest. */
const overtaken = new WeakSet<Visitor>();

/** @throws {TypeError} If any answer was wrong: such a figure measures nothing */
export async function load(
  { url, method = "GET", headers = {}, visitors, connections, seconds, amount, follow }: Load,
): Promise<LoadResult> {
  let [wrong, firstWrong] = [0, ""];
  const latenciesMs: number[] = []; // autocannon's own are whole milliseconds
  const pending = new Set<Visitor>();
  const next = () => {
    for (let skipped = 0; skipped < visitors.length; skipped += 1) {
      const turn = turns.get(visitors) ?? 0;
      turns.set(visitors, (turn + 1) % visitors.length);
      const visitor = visitors[turn];
      if (visitor && !overtaken.has(visitor)) return visitor;
    }
    return { cookies: {} };
  };
  const startedAtMs = performance.now();
  let answeredAtMs = startedAtMs; // autocannon itself looks once a second whether it is at its end
  const result = await autocannon({
    url,
    connections: Math.min(connections, amount ?? connections),
    timeout: TIMEOUT_SECONDS,
    ...(amount === undefined ? { duration: seconds ?? 1 } : { amount }),
    requests: [{
      setupRequest(request, context: Turn) {
        const visitor = context.visitor = next();
        context.sentAtMs = performance.now();
        pending.add(visitor);
        return {
          ...request,
          method,
          headers: { ...headers, ...headersOf(visitor, turns.get(visitors) ?? 0) },
          body: visitor.body === undefined ? "" : JSON.stringify(visitor.body),
        };
      },
      onResponse(status, body, context: Turn, answer) {
        answeredAtMs = performance.now();
        latenciesMs.push(answeredAtMs - (context.sentAtMs ?? NaN));
        if (context.visitor) pending.delete(context.visitor);
        const problem = status === 200
          ? context.visitor && follow && keepCookies(context.visitor, answer)
          : `${status} ${body}`;
        if (problem) wrong += 1;
        firstWrong ||= problem || "";
      },
    }],
  });
  if (follow) pending.forEach((visitor) => overtaken.add(visitor));
  const wallSeconds = (answeredAtMs - startedAtMs) / 1000;
  const answers = result["2xx"];
  if (wrong + result.errors + result.timeouts > 0 || answers === 0) {
    throw new TypeError(
      `Cannot measure ${url}: ${wrong} of ${answers} answers were wrong, ${result.errors} errors: ` +
        firstWrong,
    );
  }
  return {
    answers,
    seconds: wallSeconds,
    requestsPerSecond: answers / wallSeconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

/** Each from another address: the throttle of logins counts by address. */
function headersOf({ cookies, body, headers }: Visitor, turn: number): Record<string, string> {
  const pairs = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  return {
    "user-agent": USER_AGENT,
    "cf-connecting-ip": `10.${turn >> 16 & 255}.${turn >> 8 & 255}.${turn & 255}`,
    ...(pairs.length > 0 ? { cookie: pairs.join("; ") } : {}),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...headers,
  };
}

/** Answers what is wrong with the answer's cookies, or `""`. */
function keepCookies({ cookies }: Visitor, answer: unknown): string {
  const lines = Object.entries(answer ?? {})
    .filter(([name]) => name.toLowerCase() === "set-cookie")
    .flatMap(([, value]) => value)
    .filter((line) => /; *httponly/i.test(String(line))); // a page's own stays as it is
  let changed = 0;
  for (const line of lines) {
    const [pair = ""] = String(line).split(";");
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    if (cookies[name] !== value) changed += 1;
    cookies[name] = value;
  }
  return changed === lines.length && changed > 0 ? "" : "an answer brought no other cookie";
}
