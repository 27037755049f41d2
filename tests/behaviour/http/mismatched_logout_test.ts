import assert from "node:assert/strict";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { encodeRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { backdateAccessToken } from "./access_token_forge.ts";
import { ACCESS_COOKIE, type Answer, type Browser, REFRESH_COOKIE } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";
import { UNBOUND_START } from "../../unit/functions/arbitraries.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

/** One person with a live session on a laptop and on a phone, and one that ended. */
async function openDevices() {
  const laptop = await fixture.signIn();
  const { person } = laptop;
  const phone = fixture.openBrowser();
  const { session } = await phone.login(person);
  const old = fixture.openBrowser();
  await old.login(person);
  const dead = old.copy();
  await old.logout();
  return { ...laptop, phoneId: session.id, dead };
}

/** A refresh token as the database issued it before it was restored to an earlier state. */
function forgottenToken(sessionId: string): string {
  const { environment } = fixture.stack;
  const { sessionSecrets, supabaseUrl } = readConfig((name) => environment[name]);
  return encodeRefreshToken({
    ...UNBOUND_START,
    sessionId: sessionId as SessionId,
    generation: 9,
    branch: 0,
    secret: new Uint8Array(32),
  }, deriveSessionKeys(sessionSecrets, supabaseUrl).signing);
}

async function isLive(sessionId: string): Promise<boolean> {
  return (await fixture.readSession(sessionId))["is_valid"] === true;
}

async function areLive({ sessionId, phoneId }: {
  readonly sessionId: string;
  readonly phoneId: string;
}) {
  return { laptop: await isLive(sessionId), phone: await isLive(phoneId) };
}

function assertSignedOut(
  answer: Answer,
  { ended, clears }: { readonly ended: number; readonly clears: boolean },
): void {
  const { status, body, setCookies } = answer;
  assert.deepEqual(
    { status, ended: body["sessions_ended"], cookiesCleared: setCookies.length },
    { status: 200, ended, cookiesCleared: clears ? 3 : 0 },
  );
}

type Devices = Awaited<ReturnType<typeof openDevices>>;

/** The refresh cookie beside the live access cookie of the laptop. */
const BESIDE: Readonly<Record<string, (devices: Devices) => string>> = {
  "the refresh token of a dead session": ({ dead }) => dead.refreshToken ?? "",
  "a refresh token that the database has forgotten": ({ sessionId }) => forgottenToken(sessionId),
};

for (const [beside, tokenOf] of Object.entries(BESIDE)) {
  Deno.test(`a live access token signs out in every scope beside ${beside}`, async (test) => {
    const tear = async (): Promise<Devices & { readonly mismatched: Browser }> => {
      const devices = await openDevices();
      const mismatched = devices.browser.copy();
      mismatched.cookies.set(REFRESH_COOKIE, tokenOf(devices));
      return { ...devices, mismatched };
    };
    await test.step("local", async () => {
      const { mismatched, sessionId, phoneId } = await tear();
      assertSignedOut(await mismatched.logout("local"), { ended: 1, clears: true });
      assert.deepEqual(await areLive({ sessionId, phoneId }), { laptop: false, phone: true });
    });
    await test.step("others", async () => {
      const { mismatched, sessionId, phoneId } = await tear();
      assertSignedOut(await mismatched.logout("others"), { ended: 1, clears: false });
      assert.deepEqual(await areLive({ sessionId, phoneId }), { laptop: true, phone: false });
    });
    await test.step("global", async () => {
      const { mismatched, sessionId, phoneId } = await tear();
      assertSignedOut(await mismatched.logout("global"), { ended: 2, clears: true });
      assert.deepEqual(await areLive({ sessionId, phoneId }), { laptop: false, phone: false });
    });
  });
}

Deno.test("a refresh token that the database has forgotten ends nothing, and clears nothing", async () => {
  const { browser, sessionId } = await openDevices();
  const forgotten = browser.copy();
  forgotten.cookies.delete(ACCESS_COOKIE);
  forgotten.cookies.set(REFRESH_COOKIE, forgottenToken(sessionId));
  assertRefused(await forgotten.logout("others"), "refresh_token_invalid");
  for (const scope of ["local", "global"] as const) {
    assertSignedOut(await forgotten.copy().logout(scope), { ended: 0, clears: true });
  }
  assert.equal(await isLive(sessionId), true);
});

Deno.test("the others are not ended from cookies of which every session has ended", async () => {
  const { browser, phoneId, dead } = await openDevices();
  const mismatched = browser.copy();
  mismatched.cookies.set(REFRESH_COOKIE, dead.refreshToken ?? "");
  await browser.logout();
  assertSessionEnded(await mismatched.logout("others"), "session_revoked");
  assert.equal(await isLive(phoneId), true);
});

Deno.test("signing out everywhere ends at least what signing out here does", async () => {
  const { browser, sessionId, phoneId } = await openDevices();
  const { environment } = fixture.stack;
  const expired = browser.copy();
  const token = await backdateAccessToken(browser.accessToken ?? "", {
    seconds: 3700,
    environment,
  });
  expired.cookies.set(ACCESS_COOKIE, token);
  expired.cookies.delete(REFRESH_COOKIE);
  assertSignedOut(await expired.logout("global"), { ended: 1, clears: true });
  assert.deepEqual(await areLive({ sessionId, phoneId }), { laptop: false, phone: true });

  const [mine, theirs] = [await openDevices(), await openDevices()];
  const both = [theirs.browser, mine.browser]
    .map(({ refreshToken }) => `${REFRESH_COOKIE}=${refreshToken}`).join("; ");
  const answer = await mine.browser.call("/unified-auth/logout", {
    body: { scope: "global" },
    headers: { cookie: both },
  });
  assertSignedOut(answer, { ended: 3, clears: true });
  assert.deepEqual({ mine: await areLive(mine), theirs: await areLive(theirs) }, {
    mine: { laptop: false, phone: false },
    theirs: { laptop: false, phone: true },
  });
});
