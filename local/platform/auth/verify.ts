/**
 * `/verify`: redeems a code or a link's hash. `GET` is the link itself and uses the code up; `POST`
 * answers a session, and does not check the verifier of a PKCE link.
 *
 * @module
 */
import { AuthFailure } from "./errors.ts";
import { takeMailCode, takeTime } from "./flow_state.ts";
import { type CodeColumn, findUserByCode, hashCode, useCode } from "./one_time_codes.ts";
import { openSession, type SessionIssuer } from "./session_answer.ts";
import { type AuthSettings, chooseRedirect } from "./settings.ts";
import { findUser, isBanned, type Json, type UserRow } from "./users.ts";

export interface Verification {
  readonly body: Json;
  readonly settings: AuthSettings;
  readonly userAgent: string;
  readonly clientAddress: string;
  readonly now: number;
}

interface Redeemed {
  readonly user: UserRow;
  readonly isPkce: boolean;
}

/** `POST /verify` @throws {AuthFailure} */
export async function verifyCode(
  issuer: SessionIssuer,
  verification: Verification,
): Promise<Response> {
  const { userAgent, clientAddress, now } = verification;
  const { user } = await redeem(issuer, verification);
  const session = { userId: user.id, method: "otp", userAgent, clientAddress, now };
  return await openSession(issuer, session);
}

/** `GET /verify`: sends the browser on, with a code or with the tokens themselves. */
export async function followLink(
  issuer: SessionIssuer,
  { request, ...verification }: Omit<Verification, "body"> & { readonly request: Request },
): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const { settings, userAgent, clientAddress, now } = verification;
  const target = chooseRedirect(settings, request);
  const body = { token_hash: searchParams.get("token") ?? "", type: searchParams.get("type") };
  try {
    const { user, isPkce } = await redeem(issuer, { ...verification, body });
    if (isPkce) return redirect(target, { code: await takeMailCode(issuer.sql, user.id) });
    const session = { userId: user.id, method: "otp", userAgent, clientAddress, now };
    const { access_token, refresh_token } = await (await openSession(issuer, session)).json();
    return new Response(null, {
      status: 303,
      headers: {
        location: `${target}#${new URLSearchParams({
          access_token,
          refresh_token,
          token_type: "bearer",
          type: String(body.type),
        })}`,
      },
    });
  } catch (thrown: unknown) {
    if (!(thrown instanceof AuthFailure)) throw thrown;
    const { code: error_code, message: error_description } = thrown;
    return redirect(target, { error: "access_denied", error_code, error_description });
  }
}

function redirect(target: string, parameters: Readonly<Record<string, string>>): Response {
  const url = new URL(target);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return new Response(null, { status: 303, headers: { location: url.href } });
}

async function redeem(
  { sql }: SessionIssuer,
  { body, settings, now }: Verification,
): Promise<Redeemed> {
  const { type, token } = body;
  const address = addressOf(body);
  if (address === undefined && typeof body.token_hash !== "string") {
    throw new AuthFailure(
      400,
      "validation_failed",
      "Verify requires either a token or a token hash",
    );
  }
  if (address !== undefined && body.token_hash !== undefined) {
    throw new AuthFailure(
      400,
      "validation_failed",
      "Only the token_hash and type should be provided",
    );
  }
  if (address !== undefined && typeof token !== "string") {
    throw new AuthFailure(400, "bad_json", "Could not parse request body as JSON");
  }
  const tokenHash = address === undefined
    ? String(body.token_hash)
    : hashCode(address.value, String(token));
  const named = address && await findUser(sql, address.key);
  // Before the code is checked, as there: a wrong one reveals a ban too.
  if (named && isBanned(named, now)) throw new AuthFailure(403, "user_banned", "User is banned");
  const found = await findUserByCode(sql, {
    tokenHash,
    columns: columnsOf(String(type), address?.isPhone ?? false),
    settings,
    now,
  });
  if (!found || tokenHash === "" || (named && named.id !== found.user.id)) {
    throw new AuthFailure(403, "otp_expired", "Token has expired or is invalid");
  }
  if (isBanned(found.user, now)) throw new AuthFailure(403, "user_banned", "User is banned");
  await takeTime();
  await useCode(sql, { ...found, isPhone: address?.isPhone ?? false });
  return { user: found.user, isPkce: tokenHash.startsWith("pkce_") };
}

function addressOf(body: Json) {
  const { email, phone } = body;
  if (typeof email === "string" && email !== "") {
    const value = email.toLowerCase();
    return { value, key: { email: value }, isPhone: false };
  }
  if (typeof phone === "string" && phone !== "") {
    const value = phone.replace(/^\+/, "");
    return { value, key: { phone: value }, isPhone: true };
  }
  return undefined;
}

function columnsOf(type: string, isPhone: boolean): readonly CodeColumn[] {
  if (isPhone) return type === "sms" ? ["confirmation_token"] : [];
  switch (type) {
    case "email":
      return ["confirmation_token", "recovery_token"];
    case "signup":
      return ["confirmation_token"];
    case "magiclink":
    case "recovery":
      return ["recovery_token"];
    default:
      return [];
  }
}
