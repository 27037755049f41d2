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
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Kept where cookies are. */
  answer?: string;
}

export interface Load {
  readonly url: string;
  readonly method?: "GET" | "POST" | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** In the order of their turns: the next load goes on where this one ends. */
  readonly visitors: Visitor[];
  readonly connections: number;
  /** Ends after so many seconds. */
  readonly seconds?: number | undefined;
  /** Or after so many requests. */
  readonly amount?: number | undefined;
  /** Whether visitors keep the cookies of an answer, which must then bring other ones. */
  readonly follow?: boolean | undefined;
}

export interface LoadResult {
  readonly answers: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** As a browser says it; the functions remember it with the session. */
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/** A password's check takes half a second of a core, and sixteen may wait for one on a busy machine. */
const TIMEOUT_SECONDS = 60;

/** State that autocannon keeps between a request and its answer. */
interface Turn {
  visitor?: Visitor;
  sentAtMs?: number;
}

/** @throws {TypeError} If any answer was wrong: such a figure measures nothing */
export async function load(
  { url, method = "GET", headers = {}, visitors, connections, seconds, amount, follow }: Load,
): Promise<LoadResult> {
  const problems: string[] = [];
  const latenciesMs: number[] = []; // autocannon's own are whole milliseconds
  const startedAtMs = performance.now();
  let answeredAtMs = startedAtMs; // autocannon itself looks once a second whether it is at its end
  const result = await autocannon({
    url,
    connections: Math.min(connections, amount ?? connections),
    timeout: TIMEOUT_SECONDS,
    ...(amount === undefined ? { duration: seconds ?? 1 } : { amount }),
    requests: [{
      setupRequest(request, turn: Turn) {
        const visitor = visitors.shift() ?? { cookies: {} };
        visitors.push(visitor);
        Object.assign(turn, { visitor, sentAtMs: performance.now() });
        const body = visitor.body === undefined ? "" : JSON.stringify(visitor.body);
        return { ...request, method, headers: { ...headers, ...headersOf(visitor) }, body };
      },
      onResponse(status, body, { visitor, sentAtMs = NaN }: Turn, answer) {
        answeredAtMs = performance.now();
        latenciesMs.push(answeredAtMs - sentAtMs);
        if (status !== 200) problems.push(`${status} ${body}`);
        if (!follow || !visitor) return;
        visitor.answer = body;
        if (!keepCookies(visitor, answer)) problems.push("an answer brought no other cookie");
      },
    }],
  });
  const answers = result["2xx"];
  if (problems.length + result.errors + result.timeouts > 0 || answers === 0) {
    const [first] = problems;
    throw new TypeError(
      `Cannot measure ${url}: ${answers} answers, ${problems.length} wrong ones (${first}), ` +
        `${result.errors} errors`,
    );
  }
  return {
    answers,
    requestsPerSecond: 1000 * answers / (answeredAtMs - startedAtMs),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

/** Everybody once, for the cookies that they are given. */
export async function collectCookies(request: Omit<Load, "connections" | "amount">): Promise<void> {
  await load({ ...request, connections: 8, amount: request.visitors.length, follow: true });
}

let sent = 0;

/** Each from another address: the throttle of logins counts by address. */
function headersOf({ cookies, body, headers }: Visitor): Record<string, string> {
  sent += 1;
  const pairs = Object.entries(cookies).map((pair) => pair.join("="));
  return {
    "user-agent": USER_AGENT,
    "cf-connecting-ip": `10.${sent >> 16 & 255}.${sent >> 8 & 255}.${sent & 255}`,
    ...(pairs.length > 0 ? { cookie: pairs.join("; ") } : {}),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...headers,
  };
}

/** Keeps what scripts cannot read, a page's own cookie stays as it is. Answers whether all are other ones. */
function keepCookies({ cookies }: Visitor, answer: unknown): boolean {
  const pairs = Object.entries(answer ?? {})
    .flatMap(([name, lines]) => name.toLowerCase() === "set-cookie" ? lines : [])
    .filter((line) => /; *httponly/i.test(line))
    .map((line) => String(line).split(";", 1).join().split(/=(.*)/s));
  const areNew = pairs.every(([name = "", value]) => cookies[name] !== value);
  Object.assign(cookies, Object.fromEntries(pairs));
  return areNew && pairs.length > 0;
}
