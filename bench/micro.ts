/**
 * `deno task bench:micro`: what the parts of a request cost that need no network, by mitata.
 *
 * @module
 */

import { randomBytes, randomUUID } from "node:crypto";
import { bench, run, summary } from "mitata";
import { makeSecrets } from "../local/platform/secrets.ts";
import { createAccessTokens } from "../supabase/functions/_shared/tokens/access_token.ts";
import { rememberGenuineTokens } from "../supabase/functions/_shared/tokens/access_token_memory.ts";
import type {
  Lineage,
  RawAccessToken,
  SessionId,
  UserId,
} from "../supabase/functions/_shared/brands.ts";
import { createSessionCookies } from "../supabase/functions/_shared/http/cookies.ts";
import { createLogger } from "../supabase/functions/_shared/log.ts";
import {
  firstRefreshToken,
  hashRefreshToken,
  readRefreshToken,
} from "../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../supabase/functions/_shared/tokens/session_keys.ts";
import {
  importSigningKeys,
  parseSigningKeys,
} from "../supabase/functions/_shared/tokens/signing_keys.ts";
import { deriveSuccessor } from "../supabase/functions/_shared/tokens/successor.ts";

const { sessions } = await makeSecrets();
const keys = deriveSessionKeys([sessions.SESSION_SECRET], "http://127.0.0.1");
const cookies = createSessionCookies({ domain: null, sameSite: "lax" });
const sessionId = randomUUID() as SessionId;
const lineage = new Uint8Array(randomBytes(8)) as Lineage;
const { raw } = firstRefreshToken(
  { sessionId, key: null, lineage, secret: new Uint8Array(randomBytes(32)) },
  keys.signing,
);
const predecessor = readRefreshToken(raw, keys);
if (predecessor === null) throw new TypeError("Cannot read a token of ours");
const salt = new Uint8Array(randomBytes(16));
const origin = {
  predecessor,
  generation: 2,
  branch: 0,
  key: null,
  lineage,
  salt,
};
const claims = {
  userId: randomUUID() as UserId,
  sessionId,
  generation: 1,
  branch: 0,
  role: "authenticated",
  aal: "aal1",
  amr: [{ method: "password", timestamp: 1_700_000_000 }],
  email: "person@example.com",
  phone: null,
  isAnonymous: false,
  appMetadata: { provider: "email", providers: ["email"] },
  issuedAt: Math.floor(Date.now() / 1000),
  expiresAt: Math.floor(Date.now() / 1000) + 3600,
};

async function tokensOf(json: string) {
  const tokens = createAccessTokens({
    keys: await importSigningKeys(parseSigningKeys(json)),
    issuer: "http://127.0.0.1/functions/v1/unified-auth",
    cookieNameLength: cookies.accessName.length,
  });
  const { token } = await tokens.sign(claims);
  const remembering = rememberGenuineTokens(tokens, {
    capacity: 100,
    graceSeconds: 0,
    nowMs: Date.now,
  });
  await remembering.verify(token);
  return { tokens, token: token as RawAccessToken, remembering };
}

const es256 = await tokensOf(sessions.SESSION_SIGNING_KEYS);
const hs256 = await tokensOf(
  JSON.stringify({ kty: "oct", alg: "HS256", kid: "k", k: randomBytes(32).toString("base64url") }),
);
const header = `${cookies.accessName}=${es256.token}; ${cookies.refreshName}=${raw}`;
const sink = Deno.openSync("/dev/null", { write: true });
const encoder = new TextEncoder();
const log = createLogger({
  write: (line: string) => void sink.writeSync(encoder.encode(line)),
  now: () => new Date(),
});

summary(() => {
  bench("both cookies read", () => cookies.read(header));
  bench("refresh token read, its tag checked", () => readRefreshToken(raw, keys));
  bench("refresh token hashed", () => hashRefreshToken(raw));
  bench("successor derived", () => deriveSuccessor(origin, keys.signing));
  bench("log line", () => log.info("request", { route: "validate", status: 200, ms: 1.5 }));
});
summary(() => {
  bench("access token remembered", async () => await es256.remembering.verify(es256.token));
  bench("ES256 verified", async () => await es256.tokens.verify(es256.token));
  bench("HS256 verified", async () => await hs256.tokens.verify(hs256.token));
  bench("ES256 signed", async () => await es256.tokens.sign(claims));
  bench("HS256 signed", async () => await hs256.tokens.sign(claims));
});

await run();
