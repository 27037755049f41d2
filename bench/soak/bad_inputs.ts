/**
 * Floods of bad inputs in a soak: tokens that nobody issued, bodies and paths and headers of every
 * wrong kind, guessed passwords. Each must be refused in the documented form, whatever else goes on,
 * and none may set a cookie or end in an error of the server's own.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/errors.ts";
import { errorView } from "../../supabase/functions/_shared/http/schemas.ts";
import { inChunks, type RawRequest, sendRaw } from "../../tests/behaviour/attack/requests.ts";
import { mutatedTokens } from "../../tests/behaviour/attack/mutations.ts";
import { type Chance, pick } from "../../tests/harness/chance.ts";
import { askUntilAnswered, lostReply } from "../../tests/resilience/fault/crowd.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  openBrowser,
  REFRESH_COOKIE,
} from "../../tests/behaviour/http/browser.ts";
import { chanceOf } from "./actor.ts";
import type { Stage } from "./stage.ts";

interface BadInput extends RawRequest {
  readonly path: string;
  /** Any of these is a right answer. */
  readonly codes: readonly ErrorCode[];
}

/** So that a flood leaves the two processors something for the honest. */
const BETWEEN_MS = 3;

/** A busy machine may end the soak before a flood has its first two tokens. */
const LEAST_INPUTS = 20;

const LOGIN = "/unified-auth/login";
const REFRESH = "/unified-auth/refresh";
const VALIDATE = "/unified-auth/validate";

/** Sends one bad input after the other until the soak ends, and some in any case. */
export async function flood(stage: Stage, name: string): Promise<void> {
  const { network, ledger } = stage;
  const { stack } = network;
  const chance = chanceOf(stage, name);
  const draw = drawFrom(chance, await genuineTokens(stage));
  for (let sent = 0; sent < LEAST_INPUTS || !stage.hasEnded(); sent += 1) {
    const [kind, input] = draw();
    const answer = await sendRaw(`${stack.functionsUrl}${input.path}`, input).catch(lostReply);
    ledger.count("bad inputs", kind);
    const result = judge(input, answer);
    ledger.count("bad inputs answered", result === null ? "refused" : result);
    if (result !== null && result !== "deferred") {
      const description = `${kind}: ${answer?.status} ${JSON.stringify(answer?.body)}`;
      ledger.breach("a bad input is refused in the documented form, and does nothing", description);
    }
    await delay(BETWEEN_MS);
  }
}

/** Null where it was refused as it should be; `deferred` where an outage came first. */
function judge({ codes }: BadInput, answer: Answer | null): string | null {
  if (answer === null || answer.status === 503) return "deferred";
  if (answer.setCookies.length > 0) return "touched a cookie";
  const refusal = errorView.safeParse(answer.body);
  if (!refusal.success) return "answered in another form";
  const code = codes.find((each) => each === refusal.data.code);
  if (code === undefined) return "refused for another reason";
  return ERRORS[code].status === answer.status ? null : "refused with another status";
}

/** Two real ones, to be mutated. Their sessions are nobody's. */
async function genuineTokens(stage: Stage): Promise<readonly [string, string]> {
  const issue = async () => {
    const browser = openBrowser({ functionsUrl: stage.network.stack.functionsUrl });
    const { email, password } = await stage.createPerson();
    await askUntilAnswered(() => browser.call(LOGIN, { body: { email, password } }));
    return browser.refreshToken ?? "";
  };
  return [await issue(), await issue()];
}

/** Making one takes longer than sending it: so many are made before. */
const TOKENS = 400;

function drawFrom(
  chance: Chance,
  [genuine, other]: readonly [string, string],
): () => readonly [string, BadInput] {
  const kinds = Object.entries(KINDS);
  const seed = Math.floor(chance() * 2 ** 31);
  const tokens = fc.sample(mutatedTokens(genuine, other), { numRuns: TOKENS, seed });
  return () => {
    const [kind, make] = pick(chance, kinds);
    return [kind, make({ chance, token: pick(chance, tokens) })];
  };
}

interface Ingredients {
  readonly chance: Chance;
  /** A refresh token that nobody issued. */
  readonly token: string;
}

/** With nothing in it that a header may not hold. */
const refreshCookie = (token: string) =>
  `${REFRESH_COOKIE}=${encodeURIComponent(token).replaceAll("%", "")}`;
const json = (value: unknown) => JSON.stringify(value);
const base64url = (value: unknown) =>
  btoa(json(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const KINDS: Readonly<Record<string, (ingredients: Ingredients) => BadInput>> = {
  "mutated refresh token": ({ token, chance }) => ({
    path: pick(chance, [REFRESH, VALIDATE]),
    headers: { cookie: refreshCookie(token) },
    codes: ["refresh_token_invalid", "refresh_token_missing", "access_token_missing"],
  }),
  "unsigned access token": ({ chance }) => ({
    path: pick(chance, ["/validate-session", "/unified-auth/sessions"]),
    method: "GET",
    headers: {
      authorization: `Bearer ${base64url({ alg: "none", typ: "at+jwt" })}.${
        base64url({ sub: crypto.randomUUID(), role: "service_role", exp: 2 ** 32 })
      }.`,
    },
    codes: ["access_token_invalid"],
  }),
  "hundreds of cookies": ({ chance }) => ({
    path: VALIDATE,
    headers: { cookie: `${ACCESS_COOKIE}=a.b.c; `.repeat(1 + Math.floor(chance() * 500)) },
    codes: ["access_token_invalid"],
  }),
  "no JSON": ({ chance }) => ({
    path: pick(chance, [LOGIN, VALIDATE, REFRESH]),
    body: pick(chance, ["{", "swordfish", "{}{}", '{"a":\u0000}', "'{}'"]),
    codes: ["bad_json"],
  }),
  "JSON of another shape": ({ chance }) => ({
    path: pick(chance, [LOGIN, VALIDATE, REFRESH]),
    body: pick(chance, ["null", "[]", json({ admin: true }), '{"__proto__": {"valid": true}}']),
    codes: ["validation_failed"],
  }),
  "another content type": ({ chance }) => ({
    path: pick(chance, [LOGIN, VALIDATE]),
    body: "{}",
    contentType: pick(chance, ["text/plain", "application/x-www-form-urlencoded", null]),
    codes: ["unsupported_media_type"],
  }),
  "a large body": ({ chance }) => ({
    path: LOGIN,
    body: inChunks(json({ password: "x".repeat((17 + Math.floor(chance() * 60)) * 1024) })),
    codes: ["payload_too_large"],
  }),
  "large headers": () => ({
    path: VALIDATE,
    headers: { cookie: `padding=${"x".repeat(33 * 1024)}` },
    codes: ["headers_too_large"],
  }),
  "another method": ({ chance }) => ({
    path: pick(chance, [LOGIN, VALIDATE, REFRESH]),
    method: pick(chance, ["GET", "PUT", "PATCH", "DELETE"]),
    codes: ["method_not_allowed"],
  }),
  "an unknown path": ({ chance }) => ({
    path: pick(chance, ["/unified-auth/admin", "/unified-auth/%ff", "/unified-auth/__proto__"]),
    codes: ["not_found"],
  }),
  "another site": ({ chance, token }) => ({
    path: pick(chance, [LOGIN, VALIDATE, REFRESH]),
    headers: {
      cookie: refreshCookie(token),
      ...pick<Readonly<Record<string, string>>>(chance, [
        { "sec-fetch-site": "cross-site" },
        { origin: "https://evil.example" },
        { origin: "null" },
      ]),
    },
    codes: ["cross_site_request"],
  }),
  "a guessed password": ({ chance }) => ({
    path: LOGIN,
    body: json({ email: `nobody-${Math.floor(chance() * 50)}@example.com`, password: "swordfish" }),
    codes: ["invalid_credentials", "over_request_rate_limit"],
  }),
};
