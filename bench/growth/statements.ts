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
  p_issued_to => sha256('a browser'),
  p_window_seconds => 60,
  p_activity_interval_seconds => :interval,
  p_ip => '203.0.113.7',
  p_user_agent => ${userAgent("120")},
  p_request_id => 'request')
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
  p_session_id => ${sessionId(":i")},
  p_generation => ${generation},
  p_branch => 0::smallint,
  p_hash => ${tokenHash(":i", generation)},
  p_successor_hashes => array[${tokenHash(":i", next)}],
  p_max_branches => 4::smallint,
  p_successor_salt => substr(${tokenHash(":i", next)}, 1, 16),
  p_successor_key_id => 'key',
  p_issued_to => sha256(('browser ' || :round)::bytea),
  p_window_seconds => 60,
  p_access_ttl_seconds => 3600,
  p_refresh_ttl_seconds => 2592000,
  p_refresh_burst => 300,
  p_refresh_interval_seconds => 1,
  p_event => 'refresh',
  p_ip => '203.0.113.7',
  p_user_agent => ${userAgent("(120 + :round)")},
  p_request_id => 'request')
`,
  };
}
