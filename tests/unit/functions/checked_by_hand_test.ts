import assert from "node:assert/strict";
import fc from "fast-check";
import {
  readActiveRow,
  readGrantedRow,
} from "../../../supabase/functions/_shared/store/frequent_rows.ts";
import {
  PLAIN_BODIES,
  type PlainBodyName,
  readPlainBody,
} from "../../../supabase/functions/_shared/http/plain_bodies.ts";
import * as schemas from "../../../supabase/functions/_shared/http/schemas.ts";
import {
  rotateSessionRow,
  validateSessionRow,
} from "../../../supabase/functions/_shared/store/session_rows.ts";

const TIME = "2026-11-29T01:02:03.456789+00:00";

const SESSION = {
  session_id: "0e9f1b52-6bf3-4d6c-8b7d-3f5f6c1f2a10",
  user_id: "1e9389c0-cd2a-45e7-aece-510f12a17d00",
  email: "person@example.com",
  phone: null,
  role: "authenticated",
  is_anonymous: false,
  app_metadata: { provider: "email" },
  user_metadata: {},
  user_metadata_omitted: false,
  generation: 3,
  branch: 0,
  created_at: TIME,
  last_active_at: TIME,
  access_token_expires_at: TIME,
  refresh_token_expires_at: TIME,
  aal: "aal1",
  amr: [{ method: "password", timestamp: 1 }],
  key_thumbprint: "ab".repeat(16),
  added_claims: null,
};
const ACTIVE = { outcome: "active", session: SESSION, server_time: TIME };
const ROTATED = {
  outcome: "rotated",
  session: SESSION,
  refresh_token_hash: "0f".repeat(32),
  server_time: TIME,
  wanted_generation: null,
};

/** Replaces a member: by nothing, or by a value of any kind. */
const wrong = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue(),
  fc.constantFrom(
    TIME,
    "\\xab",
    "ab",
    "abc",
    "now",
    "unchanged",
    "reissued",
    1.5,
    -1,
    2 ** 53,
    [],
    {},
  ),
);

/** The row with one member changed, or one member of its session. */
function changed(row: typeof ACTIVE | typeof ROTATED) {
  return fc.oneof(
    fc.tuple(fc.constantFrom(...Object.keys(row)), wrong).map(([name, value]) => ({
      ...row,
      [name]: value,
    })),
    fc.tuple(fc.constantFrom(...Object.keys(SESSION)), wrong).map(([name, value]) => ({
      ...row,
      session: { ...SESSION, [name]: value },
    })),
  );
}

Deno.test("the frequent rows are read without zod, as zod reads them", () => {
  for (const key_thumbprint of [SESSION.key_thumbprint, null]) {
    const session = { ...SESSION, key_thumbprint };
    const [active, rotated] = [{ ...ACTIVE, session }, { ...ROTATED, session }];
    assert.deepEqual(readActiveRow(active), validateSessionRow.parse(active));
    assert.deepEqual(readGrantedRow(rotated), rotateSessionRow.parse(rotated));
  }
});

Deno.test("a row that is read without zod is read the same by zod, whatever has changed in it", () => {
  const agree = <Row>(
    read: (row: unknown) => Row | undefined,
    schema: { safeParse(row: unknown): { success: boolean; data?: unknown } },
  ) =>
  (row: unknown) => {
    const byHand = read(row);
    if (byHand !== undefined) {
      const { success, data } = schema.safeParse(row);
      assert.deepEqual({ success, data }, { success: true, data: byHand });
    }
  };
  fc.assert(fc.property(changed(ACTIVE), agree(readActiveRow, validateSessionRow)), {
    numRuns: 1_000,
  });
  fc.assert(fc.property(changed(ROTATED), agree(readGrantedRow, rotateSessionRow)), {
    numRuns: 1_000,
  });
});

Deno.test("a plain body is read without zod, as zod reads it, and any other is left to it", () => {
  const names: readonly PlainBodyName[] = ["validateBody", "refreshBody", "logoutBody"];
  const choices = names.flatMap((name) =>
    Object.values<readonly string[]>(PLAIN_BODIES[name]).flat()
  );
  const bodies = fc.oneof(
    fc.dictionary(
      fc.constantFrom("refresh", "scope", "other", "__proto__"),
      fc.oneof(fc.constantFrom(...choices), fc.jsonValue()),
      { maxKeys: 2 },
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), bodies, (name, body) => {
      const sent: unknown = JSON.parse(JSON.stringify(body));
      const parsed = schemas[name].safeParse(sent);
      assert.deepEqual(readPlainBody(name, sent), parsed.success ? parsed.data : undefined);
    }),
    { numRuns: 2_000 },
  );
});
