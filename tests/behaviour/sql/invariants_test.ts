import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import { openSqlFixture } from "./sql_fixture.ts";

/** Changes that no session may have, and the constraint that refuses each. */
const VIOLATIONS = [
  [
    "generation = 0, previous_refresh_token_hash = refresh_token_hash, previous_branch = 0",
    "sessions_generation_starts_at_one",
  ],
  ["branch = 256", "sessions_branch_fits_one_byte"],
  ["refresh_token_hash = '\\x00'", "sessions_refresh_token_hash_is_sha256"],
  ["key_thumbprint = sha256('k')", "sessions_key_thumbprint_is_half_a_sha256"],
  ["lineage = '\\x00112233445566778899aabbccddeeff'", "sessions_lineage_is_eight_bytes"],
  [
    "confirmed_at = now(), key_thumbprint = '\\x00112233445566778899aabbccddeeff'",
    "sessions_only_unbound_are_confirmed",
  ],
  ["generation = 2", "sessions_first_generation_has_no_predecessor"],
  [
    "superseded_refresh_token_hash = refresh_token_hash",
    "sessions_only_a_branch_supersedes",
  ],
  ["successor_key_id = 'k'", "sessions_salt_names_its_key"],
  [
    "successor_salt = '\\x00112233445566778899aabbccddeeff', successor_key_id = 'k'",
    "sessions_salt_goes_with_confirmation",
  ],
  ["is_valid = false", "sessions_valid_until_revoked"],
  ["is_valid = false, revoked_at = now()", "sessions_revocation_has_reason"],
  ["aal = 'aal9'", "sessions_aal_is_known"],
  ["amr = '{}'", "sessions_amr_is_a_list"],
] as const;

Deno.test("a session that breaks an invariant is refused by a constraint", async () => {
  await using fixture = await openSqlFixture();
  const { sessionId } = await fixture.sessions.signIn(fixture.userId);
  for (const [change, constraint] of VIOLATIONS) {
    await assert.rejects(
      fixture.admin.unsafe(`update public.sessions set ${change} where id = '${sessionId}'`),
      { code: "23514", constraint_name: constraint },
      change,
    );
  }
});

Deno.test("an event is written in the transaction of its change", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, service, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  await ageSession(admin, token.sessionId, 3600);
  await service`begin`;
  assert.equal((await sessions.rotate(token)).answer.outcome, "rotated");
  await service`rollback`;
  assert.deepEqual(await readEvents(admin, token.sessionId), ["login"]);
});
