/**
 * `deno task bench:micro`: what the parts of a request cost that need no network, by mitata.
 *
 * @module
 */

import { randomBytes, randomUUID } from "node:crypto";
import { bench, run, summary } from "mitata";
import { makeSecrets } from "../local/platform/secrets.ts";
import { functionEnvironment } from "../local/platform/stack.ts";
import type { Lineage, SessionId, UserId } from "../supabase/functions/_shared/brands.ts";
import { compose } from "../supabase/functions/_shared/composition.ts";
import { createLogger } from "../supabase/functions/_shared/log.ts";
import { createAccessTokens } from "../supabase/functions/_shared/tokens/access_token.ts";
import {
  firstRefreshToken,
  hashRefreshToken,
  readRefreshToken,
} from "../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSuccessor } from "../supabase/functions/_shared/tokens/successor.ts";

const environment = functionEnvironment({
  baseUrl: "http://127.0.0.1",
  secrets: await makeSecrets(),
  databaseUrl: "",
});
const sessionId = randomUUID() as SessionId;
const nowSeconds = Math.floor(Date.now() / 1000);
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
  issuedAt: nowSeconds,
  expiresAt: nowSeconds + 3600,
};

/** The parts that the functions are made of, and access tokens without their memory. */
async function composeWith(changes: Readonly<Record<string, string>>) {
  const { cookies, signingKeys, dependencies } = await compose((name) =>
    ({ ...environment, ...changes })[name]
  );
  const tokens = createAccessTokens({
    keys: signingKeys,
    issuer: "http://127.0.0.1/functions/v1/unified-auth",
    cookieNameLength: cookies.accessName.length,
  });
  const { token } = await tokens.sign(claims);
  return {
    cookies,
    keys: dependencies.keys,
    remembering: dependencies.accessTokens,
    tokens,
    token,
  };
}

const k = randomBytes(32).toString("base64url");
const es256 = await composeWith({});
const hs256 = await composeWith({
  SESSION_SIGNING_KEYS: JSON.stringify({ kty: "oct", alg: "HS256", kid: "k", k }),
});
await es256.remembering.verify(es256.token);

const { cookies, keys } = es256;
const bytes = (length: number) => new Uint8Array(randomBytes(length));
const lineage = bytes(8) as Lineage;
const { raw } = firstRefreshToken(
  { sessionId, key: null, lineage, secret: bytes(32) },
  keys.signing,
);
const predecessor = readRefreshToken(raw, keys);
if (predecessor === null) throw new TypeError("Cannot read a token of ours");
const origin = { predecessor, generation: 2, branch: 0, key: null, lineage, salt: bytes(16) };
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
