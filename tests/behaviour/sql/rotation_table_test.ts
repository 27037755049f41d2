/**
 * The rotation rule is its table: every combination of circumstances is judged as the first row that
 * matches it says.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { RotationOutcome } from "../../../supabase/functions/_shared/store/session_store.ts";
import {
  BRANCHES,
  type Circumstances,
  readDecisions,
} from "../../resilience/explorer/rotation_decisions.ts";
import { openSqlFixture } from "./sql_fixture.ts";

type Condition = Partial<Circumstances> & { readonly branchAtMost?: number };

/** As in docs/protocol.md. Two lines of one number are its "or". */
const TABLE: readonly (readonly [rule: number, Condition, RotationOutcome])[] = [
  [0, { position: "ahead" }, "unknown_generation"],
  [1, { position: "hash_mismatch" }, "key_compromise_suspected"],
  [2, { class: "stranger", proof: "none" }, "proof_required"],
  [3, { proof: "outdated" }, "proof_required"],
  [4, { class: "stranger", position: "current", quiet: true }, "rotated"],
  [5, { class: "stranger" }, "proof_key_unknown"],
  [6, { class: "rebound" }, "reused"],
  [7, { class: "same", position: "current", recent: true }, "unchanged"],
  [8, { class: "same", position: "current", recent: false }, "rotated"],
  [9, { class: "same", position: "predecessor", saltKept: true }, "replayed"],
  [10, { class: "same", position: "predecessor", saltKept: false }, "reissued"],
  [10, { class: "same", position: "superseded" }, "reissued"],
  [10, { class: "same", position: "lost" }, "reissued"],
  [10, { class: "same", position: "older" }, "reissued"],
  [11, { class: "unbound", position: "current", recent: true, proof: "none" }, "unchanged"],
  [
    11,
    { class: "unbound", position: "current", recent: true, firstGeneration: false },
    "unchanged",
  ],
  [12, { class: "unbound", position: "current" }, "rotated"],
  ...(["none", "proven"] as const).map((rowKey) =>
    [
      13,
      {
        class: "unbound",
        position: "predecessor",
        confirmed: false,
        recent: true,
        rowKey,
        saltKept: true,
        branchAtMost: 3,
      },
      "replayed",
    ] as const
  ),
  [
    14,
    {
      class: "unbound",
      position: "predecessor",
      confirmed: false,
      recent: true,
      rowKey: "other",
      proof: "none",
      branchAtMost: 3,
    },
    "proof_required",
  ],
  [
    15,
    { class: "unbound", position: "predecessor", confirmed: false, branchAtMost: 254 },
    "reissued",
  ],
  [16, { class: "unbound", position: "predecessor", confirmed: true }, "reused"],
  [16, { class: "unbound", position: "predecessor", branch: 255 }, "reused"],
  [17, { class: "unbound", position: "superseded", confirmed: false }, "rotated"],
  [18, { class: "unbound", position: "superseded", confirmed: true }, "reused"],
  [18, { class: "unbound", position: "lost" }, "reused"],
  [18, { class: "unbound", position: "older" }, "reused"],
];

Deno.test("every combination of circumstances is judged as the table says", async () => {
  await using fixture = await openSqlFixture();
  const decisions = await readDecisions(fixture.admin);
  assert.equal(decisions.length, 4 * 7 * 3 * 3 * BRANCHES.length * 2 ** 5);

  const undecided = new Set(TABLE);
  for (const { rule, outcome, ...circumstances } of decisions) {
    const row = TABLE.find(([, condition]) => matches(circumstances, condition));
    assert.ok(row, `no row of the table matches ${JSON.stringify(circumstances)}`);
    undecided.delete(row);
    assert.deepEqual([rule, outcome], [row[0], row[2]], JSON.stringify(circumstances));
  }
  assert.deepEqual([...undecided], [], "a row that never decides tests nothing");
});

function matches(
  circumstances: Circumstances,
  { branchAtMost = 255, ...equal }: Condition,
): boolean {
  return circumstances.branch <= branchAtMost &&
    Object.entries({ ...circumstances, ...equal })
      .every(([name, value]) => circumstances[name as keyof Circumstances] === value);
}

const [A, B, C] = ["a", "b", "c"].map((letter) => new Uint8Array(16).fill(letter.charCodeAt(0)));

Deno.test("the class of a token follows from three keys: its own, the proven one, the row's", async () => {
  await using fixture = await openSqlFixture();
  for (
    const [token, proven, row, expected] of [
      [null, null, null, "unbound"],
      [null, A, null, "unbound"],
      [null, null, A, "unbound"],
      [null, B, A, "unbound"],
      [null, A, A, "same"],
      [A, null, null, "stranger"],
      [A, null, A, "stranger"],
      [A, null, B, "stranger"],
      [A, B, null, "stranger"],
      [A, B, A, "stranger"],
      [A, B, C, "stranger"],
      [A, B, B, "same"],
      [A, A, A, "same"],
      [A, A, null, "unbound"],
      [A, A, B, "rebound"],
    ] as const
  ) {
    const [found] = await fixture.admin<{ class: string }[]>`
      select unified_auth.token_class(
        ${token ?? null}::bytea, ${proven ?? null}::bytea, ${row ?? null}::bytea) as class`;
    assert.equal(found?.class, expected, `${token} ${proven} ${row}`);
  }
});

const hash = (name: string) => "\\x" + name.charCodeAt(0).toString(16).padStart(2, "0").repeat(32);
const LINEAGE = "\\x0102030405060708";
const ROW = {
  generation: 5,
  branch: 3,
  refresh_token_hash: hash("c"),
  superseded_refresh_token_hash: hash("s"),
  previous_branch: 1,
  previous_refresh_token_hash: hash("p"),
  lineage: LINEAGE,
};
/** As a first issue of a generation, or a row from before lineages. */
const PLAIN = { ...ROW, superseded_refresh_token_hash: null, lineage: null };

Deno.test("a token's position follows from its hash, or from its lineage where no hash is kept", async () => {
  await using fixture = await openSqlFixture();
  for (
    const [row, generation, branch, name, lineage, expected] of [
      [ROW, 5, 3, "c", LINEAGE, "current"],
      [ROW, 5, 3, "s", LINEAGE, "hash_mismatch"],
      [ROW, 5, 2, "s", LINEAGE, "superseded"],
      [ROW, 5, 2, "c", LINEAGE, "hash_mismatch"],
      [ROW, 4, 1, "p", LINEAGE, "predecessor"],
      [ROW, 4, 1, "c", LINEAGE, "hash_mismatch"],
      [ROW, 5, 1, "x", LINEAGE, "lost"],
      [ROW, 4, 0, "x", LINEAGE, "lost"],
      [ROW, 4, 2, "x", LINEAGE, "lost"],
      [ROW, 3, 0, "x", LINEAGE, "older"],
      [ROW, 6, 0, "x", LINEAGE, "ahead"],
      [ROW, 5, 4, "x", LINEAGE, "ahead"],
      [ROW, 5, 1, "x", null, "hash_mismatch"],
      [ROW, 4, 0, "x", "\\x0102030405060709", "hash_mismatch"],
      [ROW, 3, 0, "x", null, "hash_mismatch"],
      [PLAIN, 5, 2, "s", null, "lost"],
      [PLAIN, 5, 2, "s", LINEAGE, "hash_mismatch"],
      [PLAIN, 3, 0, "x", null, "older"],
      [PLAIN, 4, 1, "p", null, "predecessor"],
    ] as const
  ) {
    const [found] = await fixture.admin<{ position: string }[]>`
      select unified_auth.presented_position(
        jsonb_populate_record(null::public.sessions, ${fixture.admin.json(row)}),
        ${generation}, ${branch}::smallint, ${
      hash(name)
    }::text::bytea, ${lineage}::text::bytea) as position`;
    assert.equal(found?.position, expected, `${generation}.${branch} ${name} ${lineage}`);
  }
});
