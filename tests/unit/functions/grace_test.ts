import assert from "node:assert/strict";
import type { AccessClaims } from "../../../supabase/functions/_shared/tokens/access_token.ts";
import type { SessionId, UserId } from "../../../supabase/functions/_shared/brands.ts";
import type {
  SessionEnd,
  SessionStore,
  ValidateSessionAnswer,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import {
  type GraceResult,
  judgeGrace,
} from "../../../supabase/functions/_shared/sessions/grace.ts";

const GRACE_SECONDS = 12 * 3600;
const EXPIRES_AT = 1_800_000_000;
const DAY_MS = 86_400_000;

const CLAIMS: AccessClaims = {
  userId: "00000000-0000-4000-8000-000000000001" as UserId,
  sessionId: "00000000-0000-4000-8000-000000000002" as SessionId,
  generation: 1,
  branch: 0,
  aal: "aal1",
  amr: [],
  role: "authenticated",
  email: null,
  phone: null,
  isAnonymous: false,
  appMetadata: null,
  issuedAt: EXPIRES_AT - 3600,
  expiresAt: EXPIRES_AT,
};

/** The judgement so many milliseconds after the token's `exp`, by the database's clock. */
async function judgeAt(afterExpiryMs: number, { end, sessionEndsAfterMs = DAY_MS }: {
  readonly end?: SessionEnd | "stale";
  readonly sessionEndsAfterMs?: number;
} = {}): Promise<GraceResult> {
  const serverTime = new Date(EXPIRES_AT * 1000 + afterExpiryMs);
  const answer: ValidateSessionAnswer = end ? { outcome: end, serverTime } : {
    outcome: "active",
    serverTime,
    session: {
      ...CLAIMS,
      phone: null,
      role: "authenticated",
      isAnonymous: false,
      keyThumbprint: null,
      addedClaims: null,
      userMetadata: {},
      userMetadataOmitted: false,
      appMetadata: {},
      amr: [],
      createdAt: new Date(0),
      lastActiveAt: new Date(0),
      accessTokenExpiresAt: new Date(EXPIRES_AT * 1000),
      refreshTokenExpiresAt: new Date(EXPIRES_AT * 1000 + sessionEndsAfterMs),
    },
  };
  const store: Pick<SessionStore, "validateSession"> = {
    validateSession: () => Promise.resolve(answer),
  };
  return await judgeGrace({ store: store as SessionStore }, {
    access: { kind: "genuine", claims: CLAIMS },
    refresh: { kind: "missing" },
    graceSeconds: GRACE_SECONDS,
    context: { requestId: "r", ip: null, userAgent: null },
  });
}

Deno.test("a token is active until the millisecond before it expires, and in grace from then on", async () => {
  assert.equal((await judgeAt(-1)).kind, "active");
  assert.equal((await judgeAt(0)).kind, "grace");
});

Deno.test("grace lasts until the millisecond before twelve hours, and not at twelve hours", async () => {
  assert.equal((await judgeAt(GRACE_SECONDS * 1000 - 1000)).kind, "grace", "11 h 59 min 59 s");
  assert.equal((await judgeAt(GRACE_SECONDS * 1000 - 1)).kind, "grace");
  const elapsed = { kind: "refused", code: "grace_window_elapsed", isStale: false };
  assert.deepEqual(await judgeAt(GRACE_SECONDS * 1000), elapsed);
  assert.deepEqual(await judgeAt(GRACE_SECONDS * 1000 + 1), elapsed);
});

Deno.test("grace is announced to end with the window, or with the session if that is sooner", async () => {
  const graceEndsAt = async (sessionEndsAfterMs: number) => {
    const result = await judgeAt(1000, { sessionEndsAfterMs });
    return result.kind === "grace"
      ? (result.graceEndsAt?.getTime() ?? 0) - EXPIRES_AT * 1000
      : null;
  };
  assert.equal(await graceEndsAt(DAY_MS), GRACE_SECONDS * 1000);
  assert.equal(await graceEndsAt(5000), 5000);
});

Deno.test("a token whose place another branch took has no grace, and its session goes on", async () => {
  for (const afterExpiryMs of [-1000, 1000]) {
    assert.deepEqual(await judgeAt(afterExpiryMs, { end: "stale" }), {
      kind: "refused",
      code: "access_token_superseded",
      isStale: false,
    });
  }
});

Deno.test("a session that has ended has no grace, and a window that has elapsed is answered first", async () => {
  for (const end of ["revoked", "evicted", "expired", "not_found", "reused", "banned"] as const) {
    for (const afterExpiryMs of [-1000, 1000]) {
      assert.equal((await judgeAt(afterExpiryMs, { end })).kind, "refused", end);
    }
    assert.deepEqual(await judgeAt(GRACE_SECONDS * 1000, { end }), {
      kind: "refused",
      code: "grace_window_elapsed",
      isStale: false,
    });
  }
});
