/**
 * `deno task bench:micro`: what the parts of a request cost that need no network, by mitata.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { bench, run, summary } from "mitata";
import type { Lineage } from "../supabase/functions/_shared/brands.ts";
import { createSessionCookies } from "../supabase/functions/_shared/http/cookies.ts";
import { createLogger } from "../supabase/functions/_shared/log.ts";
import { rememberGenuineTokens } from "../supabase/functions/_shared/tokens/access_token_memory.ts";
import {
  firstRefreshToken,
  hashRefreshToken,
  readRefreshToken,
} from "../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../supabase/functions/_shared/tokens/session_keys.ts";
import { deriveSuccessor } from "../supabase/functions/_shared/tokens/successor.ts";
import { CLAIMS, hmacTokens, tokens } from "../tests/unit/functions/access_token_fixture.ts";

const keys = deriveSessionKeys(["s".repeat(32)], "http://project.test");
const bytes = (length: number) => new Uint8Array(randomBytes(length));
const [key, lineage] = [null, bytes(8) as Lineage];
const { sessionId, issuedAt } = CLAIMS;
const { raw } = firstRefreshToken({ sessionId, key, lineage, secret: bytes(32) }, keys.signing);
const predecessor = readRefreshToken(raw, keys);
if (predecessor === null) throw new TypeError("Cannot read a token of ours");
const origin = { predecessor, generation: 2, branch: 0, key, lineage, salt: bytes(16) };

const es256 = (await tokens.sign(CLAIMS)).token;
const hs256 = (await hmacTokens.sign(CLAIMS)).token;
const nowMs = () => issuedAt * 1000;
const remembering = rememberGenuineTokens(tokens, { capacity: 10, graceSeconds: 0, nowMs });
await remembering.verify(es256);

const cookies = createSessionCookies({ domain: null, sameSite: "lax" });
const header = `${cookies.accessName}=${es256}; ${cookies.refreshName}=${raw}`;
const sink = Deno.openSync("/dev/null", { write: true });
const encoder = new TextEncoder();
const log = createLogger({
  write: (line) => void sink.writeSync(encoder.encode(line)),
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
  bench("access token remembered", async () => await remembering.verify(es256));
  bench("ES256 verified", async () => await tokens.verify(es256));
  bench("HS256 verified", async () => await hmacTokens.verify(hs256));
  bench("ES256 signed", async () => await tokens.sign(CLAIMS));
  bench("HS256 signed", async () => await hmacTokens.sign(CLAIMS));
});

await run();
