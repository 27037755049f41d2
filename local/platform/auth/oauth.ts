/**
 * `/authorize` and `/callback`, and the provider between them: a page that asks who somebody is and
 * takes their word for it. Any name that `PROVIDERS` holds leads to that one page.
 *
 * @module
 */
import type postgres from "postgres";
import { createUser } from "./admin_users.ts";
import { AuthFailure } from "./errors.ts";
import { readChallenge } from "./flow_state.ts";
import { openSession, type SessionIssuer } from "./session_answer.ts";
import { type AuthSettings, chooseRedirect } from "./settings.ts";
import { findUser, isBanned, type UserRow } from "./users.ts";

const PROVIDERS = new Set(["keycloak", "google", "github"]);

/** Where the provider's page is, below Supabase Auth's own address. */
export const PROVIDER_PATH = "/local-provider";

export interface OAuthRequest {
  readonly request: Request;
  readonly settings: AuthSettings;
  /** Of Supabase Auth. */
  readonly authUrl: string;
  readonly userAgent: string;
  readonly clientAddress: string;
  readonly now: number;
}

/** `GET /authorize` @throws {AuthFailure} */
export async function startOAuth(
  sql: postgres.Sql,
  { request, settings, authUrl }: OAuthRequest,
): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const provider = searchParams.get("provider") ?? "";
  if (!PROVIDERS.has(provider)) {
    throw new AuthFailure(
      400,
      "validation_failed",
      `Unsupported provider: provider ${provider} could not be found`,
    );
  }
  const given = readChallenge({
    challenge: searchParams.get("code_challenge"),
    method: searchParams.get("code_challenge_method"),
  });
  const state = crypto.randomUUID();
  await sql`
    insert into auth.flow_state (
      id, code_challenge_method, code_challenge, provider_type, authentication_method, referrer,
      created_at, updated_at
    ) values (
      ${state}, ${given?.method ?? null}, ${given?.challenge ?? null}, ${provider}, 'oauth',
      ${chooseRedirect(settings, request)}, now(), now()
    )`;
  const scopes = (searchParams.get("scopes") ?? "").split(",").filter((scope) => scope !== "");
  const location = new URL(`${authUrl}${PROVIDER_PATH}`);
  const own = ["provider", "scopes", "code_challenge", "code_challenge_method", "apikey"];
  for (const [name, value] of searchParams) {
    if (!own.includes(name)) location.searchParams.set(name, value);
  }
  location.searchParams.set("client_id", "unified-auth-local");
  location.searchParams.set("redirect_uri", `${authUrl}/callback`);
  location.searchParams.set("response_type", "code");
  location.searchParams.set("scope", ["profile", "email", ...scopes].join(" "));
  location.searchParams.set("state", state);
  return redirect(302, location);
}

/** The page of the provider: a form without a script, in which people say who they are, or refuse. */
export function showProvider(request: Request): Response {
  const { searchParams } = new URL(request.url);
  const hint = escapeHtml(searchParams.get("login_hint") ?? "ada@example.com");
  const state = escapeHtml(searchParams.get("state") ?? "");
  const callback = escapeHtml(searchParams.get("redirect_uri") ?? "");
  return new Response(
    `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Local provider</title>
<h1>Who are you?</h1>
<p>This provider takes your word for it. It exists on this machine alone.</p>
<form action="${callback}" method="get">
  <input type="hidden" name="state" value="${state}">
  <label>E-mail <input name="code" type="email" required value="${hint}"></label>
  <button>This is me</button>
</form>
<form action="${callback}" method="get">
  <input type="hidden" name="state" value="${state}">
  <button name="error" value="access_denied">I would rather not say</button>
</form>
</html>`,
    {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cache-control": "no-store",
      },
    },
  );
}

/** `GET /callback`: the provider's code is the address that somebody gave. */
export async function finishOAuth(
  issuer: SessionIssuer,
  { request, settings, now, userAgent, clientAddress }: OAuthRequest,
): Promise<Response> {
  const { sql } = issuer;
  const { searchParams } = new URL(request.url);
  const state = searchParams.get("state");
  if (!state) return refuseState(settings, "bad_oauth_callback", "OAuth state parameter missing");
  const flow = await findFlow(sql, state);
  if (!flow || flow.created_at.getTime() + settings.flowLifetimeSeconds * 1000 <= now) {
    return refuseState(settings, "bad_oauth_state", "OAuth state not found or expired");
  }
  if (flow.user_id) {
    return refuseState(settings, "flow_state_already_used", "OAuth state has already been used");
  }
  const refuse = (parameters: Readonly<Record<string, string>>) => {
    const target = new URL(flow.referrer);
    for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
    target.hash = `${new URLSearchParams(parameters)}&sb=`;
    return redirect(302, target);
  };
  const error = searchParams.get("error");
  if (error) {
    return refuse({
      error,
      error_description: searchParams.get("error_description") ?? "The user refused",
    });
  }
  const email = (searchParams.get("code") ?? "").toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
    return refuse({
      error: "server_error",
      error_code: "unexpected_failure",
      error_description: "Unable to exchange external code: invalid_grant",
    });
  }
  const known = await findUser(sql, { email });
  if (known && isBanned(known, now)) {
    const error_description = "User is banned";
    return refuse({ error: "access_denied", error_code: "user_banned", error_description });
  }
  if (!known && settings.signupsDisabled) {
    const error_description = "Signups not allowed for this instance";
    return refuse({ error: "access_denied", error_code: "signup_disabled", error_description });
  }
  const user = await linkUser(sql, { known, email, provider: flow.provider_type, settings });
  if (!flow.code_challenge) {
    const session = { userId: user.id, method: "oauth", userAgent, clientAddress, now };
    const { access_token, refresh_token } = await (await openSession(issuer, session)).json();
    const target = new URL(flow.referrer);
    target.hash = `${new URLSearchParams({ access_token, refresh_token, token_type: "bearer" })}`;
    return redirect(302, target);
  }
  const code = crypto.randomUUID();
  await sql`
    update auth.flow_state as flow
    set
      user_id = ${user.id},
      auth_code = ${code},
      auth_code_issued_at = now(),
      provider_access_token = ${`local-provider-${crypto.randomUUID()}`}
    where flow.id = ${state}`;
  const target = new URL(flow.referrer);
  target.searchParams.set("code", code);
  return redirect(302, target);
}

interface FlowRow {
  readonly created_at: Date;
  readonly user_id: string | null;
  readonly code_challenge: string | null;
  readonly provider_type: string;
  readonly referrer: string;
}

async function findFlow(sql: postgres.Sql, state: string): Promise<FlowRow | undefined> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(state)) return undefined;
  const [flow] = await sql<FlowRow[]>`
    select flow.created_at, flow.user_id, flow.code_challenge, flow.provider_type, flow.referrer
    from auth.flow_state as flow
    where flow.id = ${state} and flow.authentication_method = 'oauth'`;
  return flow;
}

/** The provider's word confirms the address. Of an unconfirmed user the password goes. */
async function linkUser(
  sql: postgres.Sql,
  { known, email, provider, settings }: {
    readonly known: UserRow | undefined;
    readonly email: string;
    readonly provider: string;
    readonly settings: AuthSettings;
  },
): Promise<UserRow> {
  if (!known) await createUser(sql, { body: { email, email_confirm: true }, settings });
  else if (!known.email_confirmed_at) {
    await sql`
      update auth.users
      set encrypted_password = '', email_confirmed_at = now(), updated_at = now()
      where id = ${known.id}`;
  }
  const user = await findUser(sql, { email });
  if (!user) throw new AuthFailure(500, "unexpected_failure", "Database error finding user");
  await sql`
    insert into auth.identities
      (user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)
    values (
      ${user.id}, ${provider}, ${email},
      ${sql.json({ sub: email, email, email_verified: true, phone_verified: false })},
      now(), now(), now()
    )
    on conflict (provider_id, provider) do update set last_sign_in_at = now()`;
  return user;
}

/** Errors of the state itself never reach the address that the flow was to end at. */
function refuseState(
  { siteUrl }: AuthSettings,
  error_code: string,
  error_description: string,
): Response {
  const target = new URL(siteUrl);
  const parameters = { error: "invalid_request", error_code, error_description };
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  return redirect(303, target);
}

function redirect(status: 302 | 303, location: URL): Response {
  return new Response(null, { status, headers: { location: location.href } });
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
