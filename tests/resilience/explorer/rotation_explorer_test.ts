/**
 * The rotation rule is searched, not sampled: each space is walked to its end with the decisions of
 * `judge_rotation`. A promise that is broken prints the shortest story that breaks it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { openSqlFixture } from "../../behaviour/sql/sql_fixture.ts";
import { VIOLATIONS } from "./promises.ts";
import {
  type Circumstances,
  type Decision,
  openJudge,
  readDecisions,
} from "./rotation_decisions.ts";
import { search, type SearchResult } from "./search.ts";
import {
  BOUND_HONEST,
  BOUND_THIEF,
  LATE_REPLAYS,
  POLLING_THIEF,
  REBINDING_THIEF,
  RECORDING_THIEF,
  type SearchSpace,
  UNBOUND_HONEST,
  UNBOUND_THIEF,
} from "./search_space.ts";
import { classOf, positionOf, type SessionRow, type Token } from "./session_row.ts";
import { keyOf, startOf } from "./situation.ts";
import { type Server, stepsFrom } from "./steps.ts";

/** How many states there are: a fault or an attack that falls out of a search shows here. */
const SPACES: readonly (readonly [SearchSpace, number])[] = [
  [UNBOUND_HONEST, 3_606],
  [LATE_REPLAYS, 10_822],
  [BOUND_HONEST, 95_718],
  [UNBOUND_THIEF, 235_310],
  [POLLING_THIEF, 95_794],
  [BOUND_THIEF, 19_266],
  [REBINDING_THIEF, 19_266],
  [RECORDING_THIEF, 57_811],
];

Deno.test("the rule keeps its promises in every state that a session can come into", async (t) => {
  await using fixture = await openSqlFixture();
  const judge = openJudge(await readDecisions(fixture.admin));
  for (const [space, states] of SPACES) {
    await t.step(space.name, () => {
      const result = searchSpace(space, { judge, confirmsAfter: "hand_out" });
      assert.equal(result.violations.size, 0, describeTraces(space, result));
      assert.equal(result.states, states);
    });
  }
});

interface Mutant {
  readonly space: SearchSpace;
  /** The promise that it breaks first. */
  readonly breaks: string;
  readonly outcome?: (decision: Decision) => Decision["outcome"] | undefined;
  readonly judgedAs?: (decision: Decision) => Circumstances;
  readonly confirmsAfter?: Server["confirmsAfter"];
  /** How the shortest story ends. */
  readonly ends: string;
}

const isUnboundPredecessor = (each: Decision) =>
  each.class === "unbound" && each.position === "predecessor";

const MUTANTS: Readonly<Record<string, Mutant>> = {
  "a replay to anybody": {
    space: BOUND_THIEF,
    outcome: (each) =>
      each.class === "stranger" && each.position === "predecessor" && each.saltKept
        ? "replayed"
        : undefined,
    breaks: VIOLATIONS.thiefGranted,
    ends: "the thief presents token 1.0: replayed",
  },
  "a replay at any time to tokens without a key": {
    space: UNBOUND_HONEST,
    outcome: (each) => isUnboundPredecessor(each) && each.saltKept ? "replayed" : undefined,
    breaks: VIOLATIONS.signedOut,
    ends: "the server answers token 1.0: reused",
  },
  "a confirmation that counts from the issue": {
    space: LATE_REPLAYS,
    confirmsAfter: "issue",
    breaks: VIOLATIONS.signedOut,
    ends: "the server answers token 1.0: reused",
  },
  "a merge on every branch": {
    space: POLLING_THIEF,
    outcome: (each) =>
      isUnboundPredecessor(each) && each.rule === 15 && each.recent && each.saltKept &&
        each.rowKey !== "other"
        ? "replayed"
        : undefined,
    breaks: VIOLATIONS.notFound,
    ends: "the thief presents token 2.4: reissued to token 3.1",
  },
  "a session that binds for its oldest tokens too": {
    space: UNBOUND_THIEF,
    outcome: (each) =>
      each.class === "unbound" && each.rowKey === "other" && each.proof === "none"
        ? "proof_required"
        : undefined,
    breaks: VIOLATIONS.ownerRefused,
    ends: "the server answers token 1.0: proof_required",
  },
  "a token's own key that is forgotten after a rebinding": {
    space: BOUND_THIEF,
    outcome: (each) => each.rule === 6 ? "proof_key_unknown" : undefined,
    breaks: VIOLATIONS.ownerRefused,
    ends: "the server answers token 1.0: proof_key_unknown",
  },
  "an outdated challenge that is accepted": {
    space: RECORDING_THIEF,
    judgedAs: (each) => ({ ...each, proof: each.proof === "outdated" ? "fresh" : each.proof }),
    breaks: VIOLATIONS.recordedGranted,
    ends: "the thief plays it again: replayed",
  },
  "another key that may take over while the owner is active": {
    space: BOUND_THIEF,
    judgedAs: (each) => ({ ...each, quiet: true }),
    breaks: VIOLATIONS.thiefGranted,
    ends: "the thief presents token 1.0 with own key 9: rotated to token 2.0",
  },
  "a superseded branch that ends the session": {
    space: LATE_REPLAYS,
    outcome: (each) => each.rule === 17 ? "reused" : undefined,
    breaks: VIOLATIONS.signedOut,
    ends: "the server answers token 2.0: reused",
  },
  "a copied token that ends a bound session": {
    space: BOUND_THIEF,
    outcome: (each) => each.rule === 5 ? "reused" : undefined,
    breaks: VIOLATIONS.copyEnds,
    ends: "the thief presents token 1.0 with own key 9: reused",
  },
};

Deno.test("each way to weaken the rule is found, with a story", async (t) => {
  await using fixture = await openSqlFixture();
  const decisions = await readDecisions(fixture.admin);
  const original = openJudge(decisions);
  for (const [name, mutant] of Object.entries(MUTANTS)) {
    const { space, outcome, judgedAs, confirmsAfter = "hand_out", breaks, ends } = mutant;
    await t.step(name, () => {
      const judge = openJudge(decisions.map((each) => ({
        ...each,
        outcome: outcome?.(each) ?? original(judgedAs?.(each) ?? each).outcome,
      })));
      const found = searchSpace(space, { judge, confirmsAfter }, { stopsAtViolation: true });
      assert.deepEqual([...found.violations.keys()], [breaks], describeTraces(space, found));
      assert.equal(found.violations.get(breaks)?.at(-1), ends, describeTraces(space, found));
    });
  }
});

function searchSpace(
  space: SearchSpace,
  server: Server,
  { stopsAtViolation = false } = {},
): SearchResult {
  return search({
    start: startOf(space),
    keyOf,
    stepsFrom: stepsFrom(space, server),
    maxStates: 500_000,
    stopsAtViolation,
  });
}

function describeTraces({ name }: SearchSpace, { violations }: SearchResult): string {
  return [...violations].map(([violation, trace]) =>
    [`${name}: ${violation}`, ...trace.map((line, at) => `${at + 1}. ${line}`)].join("\n  ")
  ).join("\n");
}

Deno.test("the search classes and places a token as the database does", async () => {
  await using fixture = await openSqlFixture();
  const keys = [0, 1, 2, 8, 9];
  for (const { token, proven, row, found } of await readClasses(fixture.admin, keys)) {
    const at = { generation: 1, branch: 0 };
    const ours = classOf(rowOf({ current: { ...at, key: row } }), { ...at, key: token }, proven);
    assert.equal(ours, found, `${token} ${proven} ${row}`);
  }

  for (const branch of [0, 1, 2]) {
    for (const superseded of branch === 0 ? [null] : [null, placeOf(5, branch - 1)]) {
      for (const predecessor of [placeOf(4, 0), placeOf(4, 1)]) {
        const row = rowOf({ current: placeOf(5, branch), predecessor, superseded });
        for (const { found, ...place } of await readPositions(fixture.admin, row)) {
          const ours = positionOf(row, placeOf(place.generation, place.branch));
          assert.equal(ours, found, JSON.stringify({ row, place }));
        }
      }
    }
  }
});

const placeOf = (generation: number, branch: number): Token => ({ generation, branch, key: 0 });

const rowOf = (row: Partial<SessionRow> & Pick<SessionRow, "current">): SessionRow => ({
  predecessor: null,
  superseded: null,
  saltKept: false,
  confirmed: false,
  ...row,
});

async function readClasses(admin: postgres.Sql, keys: readonly number[]) {
  return await admin<{ token: number; proven: number; row: number; found: string }[]>`
    with keys as (
      select key, case when key > 0 then decode(lpad(key::text, 32, '0'), 'hex') end as thumbprint
      from unnest(${[...keys]}::integer[]) as key
    )
    select
      t.key as token, p.key as proven, r.key as row,
      unified_auth.token_class(t.thumbprint, p.thumbprint, r.thumbprint) as found
    from keys as t, keys as p, keys as r`;
}

/** Every place from three generations back to one ahead, with a hash that says which it is. */
async function readPositions(admin: postgres.Sql, row: SessionRow) {
  const hashOf = (token: Token | null) =>
    token && `\\x${`${token.generation}${token.branch}`.repeat(32)}`;
  const { current, predecessor, superseded } = row;
  const columns = {
    generation: current.generation,
    branch: current.branch,
    refresh_token_hash: hashOf(current),
    previous_branch: predecessor?.branch ?? null,
    previous_refresh_token_hash: hashOf(predecessor),
    superseded_refresh_token_hash: hashOf(superseded),
  };
  return await admin<{ generation: number; branch: number; found: string }[]>`
    select
      generation, branch,
      unified_auth.presented_position(
        jsonb_populate_record(null::public.sessions, ${admin.json(columns)}),
        generation, branch::smallint, decode(repeat(generation::text || branch, 32), 'hex'), null
      ) as found
    from generate_series(2, 6) as generation, generate_series(0, 3) as branch`;
}
