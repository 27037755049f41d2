import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { openAuthFixture } from "./auth_fixture.ts";

const fixture = await openAuthFixture();
const { stack, visitor, ask } = fixture;
const { authSettings: settings, mailbox } = stack;
Deno.test.afterAll(() => fixture.close());

const CALLBACK = `${stack.baseUrl}/functions/v1/unified-auth/callback`;
const VERIFIER = "v".repeat(64);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

interface Reply {
  readonly status: number;
  readonly code: string | undefined;
  readonly location: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(
  path: string,
  { method = "POST", body, headers = {} }: {
    readonly method?: string;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Reply> {
  const response = await ask(path, {
    method,
    headers,
    redirect: "manual",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text.startsWith("{") ? JSON.parse(text) : {};
  return {
    status: response.status,
    code: json.error_code,
    location: response.headers.get("location"),
    body: json,
  };
}

let people = 0;
async function createPerson() {
  const email = `flow-${people++}@example.com`;
  const password = "long enough";
  return { email, password, id: await stack.createUser({ email, password }) };
}

function lastMail(to: string) {
  return mailbox.messages.findLast((message) => message.to === to) ?? assert.fail(`no mail: ${to}`);
}

async function reachCallback(email: string, challenge = CHALLENGE): Promise<URL> {
  const start = await send(
    `/authorize?${new URLSearchParams({
      provider: "keycloak",
      redirect_to: CALLBACK,
      code_challenge: challenge,
      code_challenge_method: "s256",
    })}`,
    { method: "GET" },
  );
  assert.equal(start.status, 302);
  const state = new URL(start.location ?? "").searchParams.get("state") ?? "";
  const end = await send(`/callback?${new URLSearchParams({ state, code: email })}`, {
    method: "GET",
  });
  return new URL(end.location ?? "");
}

const exchange = (code: string | null, verifier = VERIFIER) =>
  send("/token?grant_type=pkce", { body: { auth_code: code, code_verifier: verifier } });

Deno.test("an OAuth code opens a session to the holder of its verifier, and only once in turn", async () => {
  const target = await reachCallback("oauth@example.com");
  assert.equal(`${target.origin}${target.pathname}`, CALLBACK);
  const code = target.searchParams.get("code");
  assert.deepEqual((await exchange(code, "w".repeat(64))).code, "bad_code_verifier");
  const { status, body } = await exchange(code);
  assert.equal(status, 200);
  assert.ok(body["provider_token"]);
  assert.equal((await exchange(code)).code, "flow_state_not_found");
});

Deno.test("one code sent several times at once opens several sessions", async () => {
  // A race: on a busy machine the first request may be through before the second is read.
  for (let tries = 0; tries < 10; tries += 1) {
    const code = (await reachCallback("race@example.com")).searchParams.get("code");
    const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(code)));
    if (answers.filter(({ status }) => status === 200).length > 1) return;
  }
  assert.fail("each of ten codes opened one session");
});

Deno.test("a flow ends 300 seconds after its start, and its state is good once", async () => {
  const code = (await reachCallback("late@example.com")).searchParams.get("code");
  settings.flowLifetimeSeconds = 0;
  assert.equal((await exchange(code)).code, "flow_state_expired");
  settings.flowLifetimeSeconds = 300;
  const refused = await send("/callback?state=nonsense&code=a@b.c", { method: "GET" });
  const { origin, searchParams } = new URL(refused.location ?? "");
  assert.deepEqual([origin, searchParams.get("error_code")], [stack.baseUrl, "bad_oauth_state"]);
});

Deno.test("an address to return to must be allowed as it is written, else the site's is taken", async () => {
  settings.siteUrl = "https://app.example.com";
  settings.allowedRedirects = [
    "https://api.example.com/callback",
    "https://*.preview.example.com/*",
  ];
  const targetOf = async (redirect_to: string) => {
    const query = new URLSearchParams({ provider: "keycloak", redirect_to });
    const { location } = await send(`/authorize?${query}`, { method: "GET" });
    const state = new URL(location ?? "").searchParams.get("state") ?? "";
    const end = await send(`/callback?${new URLSearchParams({ state, error: "access_denied" })}`, {
      method: "GET",
    });
    return (end.location ?? "").replace(/[?#].*/, "");
  };
  try {
    for (
      const allowed of [
        "https://api.example.com/callback",
        "https://app.example.com/deep/path",
        "https://a.preview.example.com/x",
        "http://127.0.0.1:9999/cb",
      ]
    ) assert.equal(await targetOf(allowed), allowed);
    for (
      const refused of [
        "https://api.example.com/callback/",
        "https://api.example.com/callback?x=1",
        "https://a.b.preview.example.com/x",
        "https://app.example.com:8443/",
        "https://app.example.com@evil.example/",
        "https://APP.example.com/",
        "//evil.example",
        "http://localhost:3000/",
        "javascript:alert(1)",
      ]
    ) assert.equal(await targetOf(refused), "https://app.example.com/", refused);
  } finally {
    settings.siteUrl = stack.baseUrl;
    settings.allowedRedirects = [CALLBACK];
  }
});

Deno.test("a mail's digits and its hash open a session; types cross as they do there", async () => {
  const { email } = await createPerson();
  settings.mailIntervalSeconds = 0;
  for (const type of ["email", "magiclink", "recovery"]) {
    assert.equal((await send("/otp", { body: { email, create_user: false } })).status, 200);
    const { token } = lastMail(email);
    const verified = await send("/verify", { body: { email, token, type } });
    assert.equal(verified.status, 200, type);
    assert.equal((await send("/verify", { body: { email, token, type } })).code, "otp_expired");
  }
  await send("/recover", { body: { email } });
  const { tokenHash } = lastMail(email);
  assert.equal(
    (await send("/verify", { body: { token_hash: tokenHash, type: "signup" } })).code,
    "otp_expired",
  );
  assert.equal(
    (await send("/verify", { body: { token_hash: tokenHash, type: "recovery" } })).status,
    200,
  );
});

Deno.test("an unknown address is answered as by Supabase Auth", async () => {
  settings.mailIntervalSeconds = 60;
  const { email } = await createPerson();
  const otp = (body: object) => send("/otp", { body });
  assert.equal(
    (await otp({ email: "nobody@example.com", create_user: false })).code,
    "otp_disabled",
  );
  assert.equal((await otp({ email })).status, 200);
  assert.equal((await otp({ email })).code, "over_email_send_rate_limit");
  assert.equal((await send("/recover", { body: { email: "nobody@example.com" } })).status, 200);
  const known = await send("/signup", { body: { email, password: "long enough" } });
  assert.deepEqual([known.status, known.body["identities"]], [200, []]);
});

Deno.test("a second sign-up of an unconfirmed address does not change its password", async () => {
  settings.mailIntervalSeconds = 0;
  const email = "first@example.com";
  await send("/signup", { body: { email, password: "of a stranger" } });
  await send("/signup", { body: { email, password: "of the owner" } });
  const { token } = lastMail(email);
  assert.equal((await send("/verify", { body: { email, token, type: "signup" } })).status, 200);
  const { error } = await visitor().signInWithPassword({ email, password: "of a stranger" });
  assert.equal(error, null);
});

Deno.test("a mail's own link uses the code up; with a challenge it carries a code, without it tokens", async () => {
  settings.mailIntervalSeconds = 0;
  const { email } = await createPerson();
  const follow = async () => {
    const path = lastMail(email).confirmationUrl.split("/auth/v1")[1] ?? "";
    return new URL((await send(path, { method: "GET" })).location ?? "");
  };
  const redirect = `redirect_to=${encodeURIComponent(CALLBACK)}`;
  await send(`/otp?${redirect}`, { body: { email } });
  assert.match((await follow()).hash, /access_token=.*type=magiclink/);
  assert.equal((await follow()).searchParams.get("error_code"), "otp_expired");
  await send(`/otp?${redirect}`, {
    body: { email, code_challenge: CHALLENGE, code_challenge_method: "s256" },
  });
  assert.match(lastMail(email).tokenHash, /^pkce_/);
  assert.equal((await exchange((await follow()).searchParams.get("code"))).status, 200);
});

Deno.test("a second request that is refused takes the first one's challenge", async () => {
  settings.mailIntervalSeconds = 60;
  const { email } = await createPerson();
  const ask = (challenge: string) =>
    send("/otp", { body: { email, code_challenge: challenge, code_challenge_method: "s256" } });
  assert.equal((await ask(CHALLENGE)).status, 200);
  const other = createHash("sha256").update("x".repeat(50)).digest("base64url");
  assert.equal((await ask(other)).code, "over_email_send_rate_limit");
  const path = lastMail(email).confirmationUrl.split("/auth/v1")[1] ?? "";
  const code = new URL((await send(path, { method: "GET" })).location ?? "").searchParams.get(
    "code",
  );
  assert.equal((await exchange(code)).code, "bad_code_verifier");
});

Deno.test("a TOTP factor lifts the session, whatever address challenged it must verify it", async () => {
  const person = await createPerson();
  const auth = visitor();
  await auth.signInWithPassword(person);
  const enrolled = await auth.mfa.enroll({ factorType: "totp", friendlyName: "phone" });
  assert.equal(enrolled.error, null);
  const { id, totp } = enrolled.data;
  assert.match(totp?.qr_code ?? "", /^data:image\/svg\+xml;utf-8,<svg /);
  const wrong = await auth.mfa.challengeAndVerify({ factorId: id, code: "000000" });
  assert.equal(wrong.error?.code, "mfa_verification_failed");
  const right = await auth.mfa.challengeAndVerify({
    factorId: id,
    code: totpCode(totp?.secret ?? "", Date.now()),
  });
  assert.equal(right.error, null);
  const { data } = await auth.mfa.getAuthenticatorAssuranceLevel();
  assert.equal(data?.currentLevel, "aal2");

  const second = visitor();
  const { data: signedIn } = await second.signInWithPassword(person);
  const challenge = await second.mfa.challenge({ factorId: id });
  const otherAddress = await send(`/factors/${id}/verify`, {
    body: { challenge_id: challenge.data?.id, code: totpCode(totp?.secret ?? "", Date.now()) },
    headers: {
      apikey: stack.keys.secret,
      authorization: `Bearer ${signedIn.session?.access_token}`,
      "sb-forwarded-for": "203.0.113.9",
    },
  });
  assert.equal(otherAddress.code, "mfa_ip_address_mismatch");
  assert.equal(
    (await second.updateUser({ password: "another one" })).error?.code,
    "insufficient_aal",
  );
  assert.equal((await second.mfa.unenroll({ factorId: id })).error?.status, 422);
  assert.equal((await auth.updateUser({ password: "another one" })).error, null);
  assert.equal((await auth.mfa.unenroll({ factorId: id })).error, null);
});

Deno.test("a password is refused where it is weak or the same, and its change ends other sessions", async () => {
  const person = await createPerson();
  const [auth, other] = [visitor(), visitor()];
  await auth.signInWithPassword(person);
  const { data } = await other.signInWithPassword(person);
  assert.equal((await auth.updateUser({ password: "short" })).error?.code, "weak_password");
  assert.equal((await auth.updateUser({ password: person.password })).error?.code, "same_password");
  assert.equal((await auth.updateUser({ password: "quite another" })).error, null);
  assert.ok((await other.getUser(data.session?.access_token)).error);
  assert.equal((await auth.getUser()).error, null);
});
