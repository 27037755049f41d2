import assert from "node:assert/strict";
import type { ErrorCode } from "../../../supabase/functions/_shared/errors.ts";
import { viewOf } from "../http/browser.ts";
import { openHttpFixture } from "../http/fixture.ts";
import { assertRefused } from "../http/refusal.ts";
import { createAppInProcess, storeThat } from "./app_in_process.ts";
import { inChunks, type RawRequest, sendRaw } from "./requests.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const JSON_HEADERS = { "content-type": "application/json" };

const ROUTES = [
  "/unified-auth/login",
  "/unified-auth/validate",
  "/unified-auth/refresh",
  "/unified-auth/logout",
  "/validate-session",
];

const SECRET = "swordfish";

interface BadBody extends RawRequest {
  readonly code: ErrorCode;
}

const json = (value: unknown) => JSON.stringify(value);
const padded = (bytes: number) => json({ password: SECRET.padEnd(bytes, "x") });

const BAD_BODIES: Readonly<Record<string, BadBody>> = {
  "half an object": { body: `{"password": "${SECRET}"`, code: "bad_json" },
  "a word": { body: SECRET, code: "bad_json" },
  "JSON with a comment": { body: `{} // ${SECRET}`, code: "bad_json" },
  "a raw NUL in a string": { body: `{"password": "${SECRET}\0"}`, code: "bad_json" },
  "invalid UTF-8": {
    body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    code: "bad_json",
  },
  "an overlong UTF-8 sequence": {
    body: new Uint8Array([0x22, 0xc0, 0x80, 0x22]),
    code: "bad_json",
  },
  "UTF-16": { body: new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), code: "bad_json" },
  "compressed bytes": {
    body: new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
    headers: { "content-encoding": "gzip" },
    code: "bad_json",
  },
  "17 KiB": { body: padded(17 * 1024), code: "payload_too_large" },
  "plain text": { body: padded(1), contentType: "text/plain", code: "unsupported_media_type" },
  "a form": {
    body: `password=${SECRET}`,
    contentType: "application/x-www-form-urlencoded",
    code: "unsupported_media_type",
  },
  "several parts": {
    body: "--b\r\n\r\n--b--",
    contentType: "multipart/form-data; boundary=b",
    code: "unsupported_media_type",
  },
  "no content type": { body: "{}", contentType: null, code: "unsupported_media_type" },
  "a type that only starts like JSON": {
    body: "{}",
    contentType: "application/json-patch+json",
    code: "unsupported_media_type",
  },
  "two types": {
    body: "{}",
    contentType: "text/plain, application/json",
    code: "unsupported_media_type",
  },
  "null": { body: "null", code: "validation_failed" },
  "a list": { body: "[]", code: "validation_failed" },
  "a string": { body: json(SECRET), code: "validation_failed" },
  "a number too large for any number": { body: "1e400", code: "validation_failed" },
  "an unknown field": { body: json({ admin: SECRET }), code: "validation_failed" },
  "a field called __proto__": {
    body: `{"__proto__": {"refresh": "never", "scope": "others"}}`,
    code: "validation_failed",
  },
  "a field called constructor": {
    body: `{"constructor": {"prototype": {"valid": true}}}`,
    code: "validation_failed",
  },
  "a thousand unknown fields": {
    body: json(Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f${at}`, 1]))),
    code: "validation_failed",
  },
  "lists in lists": { body: "[".repeat(8000) + "]".repeat(8000), code: "validation_failed" },
  "objects in objects": {
    body: '{"a":'.repeat(2000) + "1" + "}".repeat(2000),
    code: "validation_failed",
  },
};

const BAD_FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  "/unified-auth/login": [
    { email: "ada@example.com" },
    { password: SECRET },
    { email: 5, password: SECRET },
    { email: "ada@example.com", password: 5 },
    { email: ["ada@example.com"], password: SECRET },
    { email: "ada@example.com", password: { $ne: "" } },
    { email: "ada@example.com", password: SECRET, device_name: 1e308 },
    { email: "ada@example.com", password: "" },
    { email: "ada@example.com", password: `${SECRET}\0` },
    { email: "ada@example.com", password: SECRET.repeat(200) },
    { email: "ada@example.com\0", password: SECRET },
    { email: "ada\u0000@example.com", password: SECRET },
    { email: "ada\ud800@example.com", password: SECRET },
    { email: "ada example.com", password: SECRET },
    { email: "ada@exa mple.com", password: SECRET },
    { email: `${"a".repeat(320)}@example.com`, password: SECRET },
    { email: "ada@example.com", password: SECRET, device_name: "a\u0000b" },
    { email: "ada@example.com", password: SECRET, device_name: "a\u001bb" },
    { email: "ada@example.com", password: SECRET, device_name: "half a pair \ud83d" },
    { email: "ada@example.com", password: SECRET, device_name: "x".repeat(101) },
    { email: "ada@example.com", password: SECRET, device_name: "" },
    { email: "ada@example.com", password: SECRET, captcha_token: "\u0000" },
    { email: "ada@example.com", password: SECRET, captcha_token: null },
    { email: "ada@example.com", password: SECRET, admin: true },
    { email: "ada@example.com", password: SECRET, supabase_access_token: "a.b.c" },
    { supabase_access_token: "" },
    { supabase_access_token: "a b" },
    { supabase_access_token: "a\u0000.b.c" },
    { supabase_access_token: "\ud800" },
    { supabase_access_token: "x".repeat(128 * 1024 + 1) },
    { supabase_access_token: 1 },
    { supabase_access_token: { a: SECRET } },
  ],
  "/unified-auth/validate": [
    { refresh: "sometimes" },
    { refresh: true },
    { refresh: null },
    { refresh: ["auto"] },
    { refresh: "auto\u0000" },
    { refresh: -1e308 },
  ],
  "/unified-auth/logout": [
    { scope: "all" },
    { scope: ["global"] },
    { scope: 9007199254740993 },
    { scope: "" },
    { scope: null },
  ],
};

const { browser, sessionId } = await fixture.signIn();
const cookie = [...browser.cookies].map((pair) => pair.join("=")).join("; ");

/** With the cookies of somebody who is signed in, so that there is something to lose. */
async function refuses(route: string, { code, ...request }: BadBody, what: string): Promise<void> {
  const headers = { cookie, ...request.headers };
  const answer = await sendRaw(`${fixture.stack.functionsUrl}${route}`, { ...request, headers });
  assertRefused(answer, code, `${route}: ${what}`);
  assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(SECRET), what);
}

async function assertNothingLost(): Promise<void> {
  assert.equal((await fixture.readSession(sessionId))["generation"], 1);
  assert.equal(viewOf(await browser.validate()).session.id, sessionId);
}

Deno.test("a body of another form is refused on every route, by its documented code and without effect", async () => {
  for (const route of ROUTES) {
    for (const [what, bad] of Object.entries(BAD_BODIES)) await refuses(route, bad, what);
  }
  await assertNothingLost();
});

Deno.test("a body of 17 KiB is refused when it comes in chunks without a length", async () => {
  for (const route of [...ROUTES, `/unified-auth/sessions/${sessionId}`]) {
    await refuses(route, {
      method: route.includes("/sessions/") ? "DELETE" : "POST",
      body: inChunks(padded(17 * 1024)),
      code: "payload_too_large",
    }, "in chunks");
  }
  await assertNothingLost();
});

Deno.test("a body of 16 KiB is read", async () => {
  const spaces = (bytes: number) => `{${" ".repeat(bytes - 2)}}`;
  const url = `${fixture.stack.functionsUrl}/unified-auth/logout`;
  assert.equal((await sendRaw(url, { body: spaces(16 * 1024) })).status, 200);
  assert.equal((await sendRaw(url, { body: inChunks(spaces(16 * 1024)) })).status, 200);
  assertRefused(await sendRaw(url, { body: spaces(16 * 1024 + 1) }), "payload_too_large");
});

Deno.test("an exchange takes a token of 128 KiB, a password login no more than 16 KiB", async () => {
  const lengths: number[] = [];
  const app = createAppInProcess(storeThat(() => assert.fail()), {
    verifyToken(token) {
      lengths.push(token.length);
      return Promise.resolve({ kind: "refused", reason: "bad_jwt", detail: "too large" });
    },
  });
  const logIn = async (body: unknown) => {
    const request = { method: "POST", body: json(body), headers: JSON_HEADERS };
    return (await app.request("https://abc.supabase.co/unified-auth/login", request)).status;
  };
  const supabase_access_token = "x".repeat(128 * 1024);
  assert.equal(await logIn({ supabase_access_token, device_name: "🍳".repeat(100) }), 401);
  assert.deepEqual(lengths, [128 * 1024]);
  assert.equal(await logIn({ supabase_access_token: `${supabase_access_token}x` }), 400);
  assert.equal(await logIn({ supabase_access_token: "x".repeat(145 * 1024) }), 413);
  const credentials = { email: "ada@example.com", password: "x" };
  assert.equal(await logIn({ ...credentials, device_name: "x".repeat(17 * 1024) }), 413);
});

Deno.test("a field of another type or shape is refused, named, and never repeated", async () => {
  for (const [route, bodies] of Object.entries(BAD_FIELDS)) {
    for (const body of bodies) {
      await refuses(route, { body: json(body), code: "validation_failed" }, json(body));
    }
  }
  await assertNothingLost();
});

Deno.test("the complaint names the field and what is wrong with it", async () => {
  const complaintOf = async (body: unknown) => {
    const url = `${fixture.stack.functionsUrl}/unified-auth/login`;
    return String((await sendRaw(url, { body: json(body) })).body["message"]);
  };
  assert.match(await complaintOf({ email: 5, password: "x" }), /email: expected string/);
  assert.match(await complaintOf({ email: "a@b.c", password: "x", who: 1 }), /unknown field "who"/);
  assert.match(
    await complaintOf({ email: "a@b.c", password: "x".repeat(2000) }),
    /password: longer/,
  );
  assert.match(await complaintOf([]), /body: expected object/);
});
