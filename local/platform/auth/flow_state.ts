/**
 * PKCE: what Supabase Auth keeps between the start of a flow and the exchange of its code.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type postgres from "postgres";
import { AuthFailure } from "./errors.ts";
import { openSession, type SessionIssuer } from "./session_answer.ts";
import type { AuthSettings } from "./settings.ts";
import type { Json } from "./users.ts";

type ChallengeMethod = "s256" | "plain";

/** The challenge of a flow; `undefined` for one without. @throws {AuthFailure} for half a challenge */
export function readChallenge(
  given: { readonly challenge: unknown; readonly method: unknown },
): { readonly challenge: string; readonly method: ChallengeMethod } | undefined {
  const { challenge } = given;
  const method = typeof given.method === "string" ? given.method.toLowerCase() : "";
  if (!challenge && !method) return undefined;
  if (
    typeof challenge !== "string" || !/^[A-Za-z0-9._~-]{43,128}$/.test(challenge) ||
    (method !== "s256" && method !== "plain")
  ) {
    throw new AuthFailure(
      400,
      "validation_failed",
      "PKCE flow requires a challenge and its method",
    );
  }
  return { challenge, method };
}

/** Keeps the challenge of a mail's link. Answers whether there is one. */
export async function startMailFlow(
  sql: postgres.Sql,
  { userId, method, body }: {
    readonly userId: string;
    readonly method: string;
    readonly body: Json;
  },
): Promise<boolean> {
  const given = readChallenge({
    challenge: body.code_challenge,
    method: body.code_challenge_method,
  });
  if (!given) return false;
  await sql`
    insert into auth.flow_state (
      id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
      authentication_method, created_at, updated_at
    ) values (
      gen_random_uuid(), ${userId}, gen_random_uuid()::text, ${given.method}, ${given.challenge},
      'email', ${method}, now(), now()
    )`;
  return true;
}

/** The code of the user's newest flow of mails, which a click on any of their links gets. */
export async function takeMailCode(sql: postgres.Sql, userId: string): Promise<string> {
  const [flow] = await sql<{ auth_code: string }[]>`
    update auth.flow_state as flow
    set auth_code_issued_at = now()
    where flow.id = (
      select newest.id
      from auth.flow_state as newest
      where newest.user_id = ${userId} and newest.provider_type = 'email'
      order by newest.created_at desc
      limit 1
    )
    returning flow.auth_code`;
  if (flow) return flow.auth_code;
  throw new AuthFailure(
    404,
    "flow_state_not_found",
    "invalid flow state, no valid flow state found",
  );
}

/** `POST /token?grant_type=pkce` @throws {AuthFailure} */
export async function exchangeCode(
  issuer: SessionIssuer,
  { body, settings, userAgent, clientAddress, now }: {
    readonly body: Json;
    readonly settings: Pick<AuthSettings, "flowLifetimeSeconds">;
    readonly userAgent: string;
    readonly clientAddress: string;
    readonly now: number;
  },
): Promise<Response> {
  const { sql } = issuer;
  const { auth_code: code, code_verifier: verifier } = body;
  if (typeof code !== "string" || typeof verifier !== "string" || !code || !verifier) {
    throw new AuthFailure(
      400,
      "validation_failed",
      "invalid request: both auth code and code verifier should be non-empty",
    );
  }
  const [flow] = await sql<FlowRow[]>`
    select flow.* from auth.flow_state as flow
    where flow.auth_code = ${code} and flow.user_id is not null`;
  if (!flow) {
    throw new AuthFailure(
      404,
      "flow_state_not_found",
      "invalid flow state, no valid flow state found",
    );
  }
  const isMail = flow.provider_type === "email";
  const startedAt = isMail && flow.authentication_method === "magiclink"
    ? flow.auth_code_issued_at ?? flow.created_at
    : flow.created_at;
  if (startedAt.getTime() + settings.flowLifetimeSeconds * 1000 <= now) {
    throw new AuthFailure(422, "flow_state_expired", "invalid flow state, flow state has expired");
  }
  const proof = flow.code_challenge_method === "s256"
    ? createHash("sha256").update(verifier).digest("base64url")
    : verifier;
  if (proof !== flow.code_challenge) {
    throw new AuthFailure(
      400,
      "bad_code_verifier",
      "code challenge does not match previously saved code verifier",
    );
  }
  const session = {
    userId: flow.user_id,
    method: flow.authentication_method,
    userAgent,
    clientAddress,
    now,
  };
  // As there, the row goes only after the session is made: one code may open several at once.
  await takeTime();
  const answer = await openSession(
    issuer,
    session,
    isMail ? {} : {
      provider_token: flow.provider_access_token,
      provider_refresh_token: flow.provider_refresh_token,
    },
  );
  await sql`delete from auth.flow_state as flow where flow.id = ${flow.id}`;
  return answer;
}

/** Between a look at a code and its end lies, in Supabase Auth, the making of a session. */
export async function takeTime(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
}

interface FlowRow {
  readonly id: string;
  readonly user_id: string;
  readonly code_challenge: string;
  readonly code_challenge_method: ChallengeMethod;
  readonly provider_type: string;
  readonly provider_access_token: string | null;
  readonly provider_refresh_token: string | null;
  readonly authentication_method: string;
  readonly created_at: Date;
  readonly auth_code_issued_at: Date | null;
}
