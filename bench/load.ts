/**
 * Load by autocannon: so many connections, each with its next request as soon as the last one is
 * answered. Visitors take turns, and each keeps the cookies that it was given.
 *
 * @module
 */

// @ts-types="@types/autocannon"
import autocannon from "autocannon";
import { quantile } from "simple-statistics";
import { FIREFOX } from "../tests/behaviour/http/browser.ts";

/** A browser, its cookies by name, what it posts, and its other headers. */
export interface Visitor {
  readonly cookies: Record<string, string>;
  readonly body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Kept where cookies are. */
  answer?: string;
  /** Before each load: makes the headers that follow from the last answer. */
  prepare?(): Promise<void>;
}

/** Ends after `duration` seconds or `amount` requests. */
export interface Load extends Pick<autocannon.Options, "connections" | "duration" | "amount"> {
  readonly url: string;
  readonly method?: "GET" | "POST" | undefined;
  /** In the order of their turns: the next load goes on where this one ends. */
  readonly visitors: Visitor[];
  /** Whether visitors keep the cookies of an answer, which must then bring other ones. */
  readonly follow?: boolean;
}

export interface LoadResult {
  readonly answers: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** State that autocannon keeps between a request and its answer. */
interface Turn {
  visitor?: Visitor;
  sentAtMs?: number;
}

/** @throws {TypeError} If any answer was wrong: such a figure measures nothing */
export async function load(
  { url, method = "GET", visitors, follow, ...extent }: Load,
): Promise<LoadResult> {
  const problems: string[] = [];
  const latenciesMs: number[] = []; // autocannon's own are whole milliseconds
  const startedAtMs = performance.now();
  let answeredAtMs = startedAtMs; // autocannon itself looks once a second whether it is at its end
  const result = await autocannon({
    ...extent,
    url,
    timeout: 60, // a password's check takes half a second of a core, and sixteen may wait for one
    requests: [{
      setupRequest(request, turn: Turn) {
        const visitor = visitors.shift() ?? { cookies: {} };
        visitors.push(visitor);
        Object.assign(turn, { visitor, sentAtMs: performance.now() });
        const body = visitor.body === undefined ? "" : JSON.stringify(visitor.body);
        return { ...request, method, headers: headersOf(visitor, method), body };
      },
      onResponse(status, body, { visitor, sentAtMs = NaN }: Turn, headers) {
        answeredAtMs = performance.now();
        latenciesMs.push(answeredAtMs - sentAtMs);
        if (status !== 200) problems.push(`${status} ${body}`);
        if (!follow || !visitor) return;
        visitor.answer = body;
        if (!keepCookies(visitor, headers)) problems.push("an answer brought no other cookie");
      },
    }],
  });
  const { "2xx": answers, errors } = result;
  if (problems.length + errors > 0 || answers === 0) {
    const [first] = problems;
    throw new TypeError(
      `Cannot measure ${url}: ${answers} answers, ${problems.length} wrong ones (${first}), ` +
        `${errors} errors`,
    );
  }
  return {
    answers,
    requestsPerSecond: 1000 * answers / (answeredAtMs - startedAtMs),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

/** Everybody posts once. Answers them with the cookies that they were given and without what they posted. */
export async function collectCookies(url: string, people: readonly Visitor[]): Promise<Visitor[]> {
  const visitors = people.map((person) => ({ ...person, cookies: {} }));
  const amount = visitors.length;
  await load({ url, method: "POST", visitors, connections: 8, amount, follow: true });
  return visitors.map(({ body: _body, headers: _headers, ...visitor }) => visitor);
}

let sent = 0;

/** Each from another address, as the throttle of logins counts by it, through a proxy that speaks HTTPS. */
function headersOf({ cookies, body, headers }: Visitor, method: string): Record<string, string> {
  sent += 1;
  const pairs = Object.entries(cookies).map((pair) => pair.join("="));
  return {
    "user-agent": FIREFOX, // the functions remember it with the session
    "cf-connecting-ip": `10.${sent >> 16 & 255}.${sent >> 8 & 255}.${sent & 255}`,
    "x-forwarded-proto": "https",
    ...(pairs.length > 0 ? { cookie: pairs.join("; ") } : {}),
    ...(body !== undefined ? { "content-type": "application/json" } : {}),
    ...(body === undefined && method === "POST" ? { "content-length": "0" } : {}),
    ...headers,
  };
}

/** Keeps what scripts cannot read, a page's own cookie stays as it is. Answers whether all are other ones. */
function keepCookies({ cookies }: Visitor, headers: object = {}): boolean {
  const pairs = Object.entries(headers)
    .flatMap(([name, lines]) => name.toLowerCase() === "set-cookie" ? lines : [])
    .filter((line) => /; *httponly/i.test(line))
    .map((line) => String(line).split(";", 1).join().split(/=(.*)/s));
  const areNew = pairs.every(([name = "", value]) => cookies[name] !== value);
  Object.assign(cookies, Object.fromEntries(pairs));
  return areNew && pairs.length > 0;
}
