import assert from "node:assert/strict";
import type { AccessTokens } from "../../../supabase/functions/_shared/tokens/access_token.ts";
import { rememberGenuineTokens } from "../../../supabase/functions/_shared/tokens/access_token_memory.ts";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { createSessionCookies } from "../../../supabase/functions/_shared/http/cookies.ts";
import {
  readCookieSessions,
  readPresentedRefreshToken,
  readPresentedTokens,
} from "../../../supabase/functions/_shared/http/presented_tokens.ts";
import { firstRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { CLAIMS, createTokens, importKeys, tokens } from "./access_token_fixture.ts";
import { keys, UNBOUND_START } from "./arbitraries.ts";
import { exportJWK, generateKeyPair } from "jose";

const otherKeys = await generateKeyPair("ES256", { extractable: true });
const forger = createTokens(
  await importKeys([{ ...await exportJWK(otherKeys.privateKey), kid: "ec" }]),
);

let forged = 0;

/** In our form, by another key, and of another session each time. */
async function forge(): Promise<string> {
  forged += 1;
  return (await forger.sign({ ...CLAIMS, branch: 0, issuedAt: forged })).token;
}

const newSession = () => crypto.randomUUID() as SessionId;

/** A reader of cookies that counts the signatures that it has checked, as one process would. */
function openReader() {
  let checks = 0;
  const counted: AccessTokens = {
    ...tokens,
    verify(raw) {
      checks += 1;
      return tokens.verify(raw);
    },
  };
  const accessTokens = rememberGenuineTokens(counted, {
    capacity: 100,
    graceSeconds: 43_200,
    nowMs: () => CLAIMS.issuedAt * 1000,
  });
  const cookies = createSessionCookies({ domain: null, sameSite: "lax" });
  return { accessTokens, keys, cookies, bindsSessions: true, checks: () => checks };
}

function headersWith(
  { access = [], refresh = [], ...more }: {
    readonly access?: readonly string[];
    readonly refresh?: readonly string[];
    readonly authorization?: string;
    readonly dpop?: string;
  },
): Headers {
  const pairs = [
    ...access.map((value) => `__Host-session_access=${value}`),
    ...refresh.map((value) => `__Host-session_refresh=${value}`),
  ];
  return new Headers({ cookie: pairs.join("; "), ...more });
}

/** Reads all that a route may read, twice over. */
async function readEverything(reader: ReturnType<typeof openReader>, headers: Headers) {
  const presented = await readPresentedTokens(reader, headers);
  for (const read of [readPresentedRefreshToken, readCookieSessions, readPresentedTokens]) {
    await read(reader, headers);
  }
  return presented;
}

Deno.test("a request costs two signature checks at most, whatever its cookies and its header", async () => {
  const many = await Promise.all(Array.from({ length: 16 }, forge));
  const authorization = `Bearer ${await forge()}`;
  for (const more of [{}, { authorization }, { dpop: "a.b.c" }, { authorization, dpop: "a.b.c" }]) {
    const reader = openReader();
    const { access } = await readEverything(reader, headersWith({ access: many, ...more }));
    assert.equal(access.kind, "invalid");
    // A proof is the second one.
    assert.equal(reader.checks(), "dpop" in more ? 1 : 2, JSON.stringify(Object.keys(more)));
  }
});

Deno.test("a string that cannot be our token leaves the check to the one that is", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const [, claims = "", signature = ""] = token.split(".");
  const headed = (header: object) =>
    [btoa(JSON.stringify(header)).replace(/=+$/, ""), claims, signature].join(".");
  const notOurs = [
    headed({ alg: "HS256", typ: "JWT" }), // as the key of a project is one
    headed({ alg: "HS256", kid: "ec" }),
    `${token}=`,
    "x".repeat(9_000),
  ];
  for (const bearer of notOurs) {
    const authorization = `Bearer ${bearer}`;
    const headers = headersWith({ access: [token, ...notOurs], authorization, dpop: "a.b.c" });
    const { access } = await readEverything(openReader(), headers);
    assert.equal(access.kind, "genuine", bearer.slice(0, 100));
  }
});

Deno.test("the token of the browser's own session is checked first, wherever it is sent", async () => {
  const sessionId = newSession();
  const { token } = await tokens.sign({ ...CLAIMS, sessionId });
  const refresh = [
    firstRefreshToken({ ...UNBOUND_START, sessionId, secret: new Uint8Array(32) }, keys.signing)
      .raw,
  ];
  const junk = await Promise.all(Array.from({ length: 15 }, forge));
  for (const at of [0, 7, 15]) {
    const reader = openReader();
    const headers = headersWith({ access: junk.toSpliced(at, 0, token), refresh, dpop: "a.b.c" });
    const presented = await readEverything(reader, headers);
    assert.equal(presented.accessToken, token);
    assert.equal(reader.checks(), 1);
  }
});

Deno.test("without a refresh token the last cookies are checked, and known ones cost nothing", async () => {
  const { token } = await tokens.sign({ ...CLAIMS, sessionId: newSession() });
  const junk = await Promise.all(Array.from({ length: 15 }, forge));
  const reader = openReader();
  assert.equal(
    (await readEverything(reader, headersWith({ access: [...junk, token] }))).accessToken,
    token,
  );
  assert.equal(reader.checks(), 2);
  assert.equal(
    (await readEverything(reader, headersWith({ access: [token, ...junk] }))).accessToken,
    token,
  );
  assert.equal(reader.checks(), 4);
});

Deno.test("of two genuine cookies both are read", async () => {
  const [older, newer] = [newSession(), newSession()];
  const access = [
    (await tokens.sign({ ...CLAIMS, sessionId: newer, issuedAt: CLAIMS.issuedAt + 9 })).token,
    (await tokens.sign({ ...CLAIMS, sessionId: older })).token,
  ];
  const reader = openReader();
  const headers = headersWith({ access });
  assert.equal((await readEverything(reader, headers)).accessToken, access[0]);
  assert.deepEqual(await readCookieSessions(reader, headers), new Set([newer, older]));
  assert.equal(reader.checks(), 2);
});
