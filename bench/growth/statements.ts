/**
 * The very statements that the session store runs, as pgbench scripts over a loaded population. Each
 * takes another session at random, or each session in its turn, so that the whole table is in use.
 *
 * @module
 */

import {
  countOf,
  inPart,
  loadedGeneration,
  sessionId,
  tokenHash,
  userAgent,
} from "./population.ts";

/** A pgbench script and the variables that it counts with. */
export interface Statement {
  readonly script: string;
  readonly variables: Readonly<Record<string, number>>;
}

/** A step that has no divisor in common with any number of live sessions that a study uses. */
const STEP = 7_368_787;

/**
 * Validates live sessions at random.
 *
 * @param activityIntervalSeconds how old the activity must be to be written: the reading validate has
 * a quarter of a year, the writing one nothing
 */
export function validateStatement(
  sessions: number,
  { activityIntervalSeconds }: { readonly activityIntervalSeconds: number },
): Statement {
  const i = inPart("pgbench", ":k");
  return {
    variables: { live: countOf("pgbench", sessions), interval: activityIntervalSeconds },
    script: `
\\set k random(0, :live - 1)
\\set i ${i}
select * from public.validate_session(
  p_session_id => ${sessionId(":i")},
  p_generation => ${loadedGeneration(":i")},
  p_branch => 0::smallint,
  p_may_confirm => true,
  p_policy => row(3600, 2592000, 0, 60, 300, 1, 5, :interval, 86400)::public.session_policy,
  p_context => row('203.0.113.7', ${userAgent("120")}, 'request')::public.request_context)
`,
  };
}

/** Which sessions a run of rotations takes, and where it goes on. */
export interface RotationRun {
  /** The number of a session, from its number among those that rotate. */
  readonly session: (k: string) => string;
  readonly rotating: number;
  /** The generation of each before the first rotation of all. */
  readonly firstGeneration: (i: string) => string;
  /** How many rotations the runs before made. */
  readonly position: number;
  /** How many each connection makes. */
  readonly perClient: number;
}

/** Those of a loaded population that pgbench rotates. */
export function loadedSessions(
  sessions: number,
): Pick<RotationRun, "session" | "rotating" | "firstGeneration"> {
  return {
    session: (k) => inPart("pgbench", k),
    rotating: countOf("pgbench", sessions),
    firstGeneration: loadedGeneration,
  };
}

/** Rotates each session in its turn. A client knows the token of every one without having read it. */
export function rotateStatement(run: RotationRun): Statement {
  const { session, rotating, firstGeneration, position, perClient } = run;
  const generation = `(${firstGeneration(":i")} + :round)`;
  const next = `(${generation} + 1)`;
  return {
    variables: { rotating, position, per_client: perClient, done: 0 },
    script: `
\\set p :position + :client_id * :per_client + :done
\\set done :done + 1
\\set round :p / :rotating
\\set k :p % :rotating * ${STEP} % :rotating
\\set i ${session(":k")}
select * from public.rotate_session(
  p_presented => row(${sessionId(":i")}, ${generation}, 0, ${tokenHash(":i", generation)}, null,
    '\\x0000000000000000')::public.presented_refresh_token,
  p_proof => null,
  p_successor => row(${next}, 0, ${tokenHash(":i", next)}, '\\x0000000000000000',
    substr(${tokenHash(":i", next)}, 1, 16), 'key')::public.proposed_successor,
  p_policy => row(3600, 2592000, 0, -1, 300, 1, 5, 900, 86400)::public.session_policy,
  p_event => 'refresh',
  p_context =>
    row('203.0.113.7', ${userAgent("(120 + :round)")}, 'request')::public.request_context)
`,
  };
}
