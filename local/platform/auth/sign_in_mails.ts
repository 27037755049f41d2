/**
 * `/otp`, `/recover` and `/signup`: what sends a code to an address, and `/admin/generate_link`, which
 * makes one without sending it. Unknown users are answered differently here exactly where Supabase Auth does.
 *
 * @module
 */
import type postgres from "postgres";
import { createUser, requireStrong } from "./admin_users.ts";
import { AuthFailure } from "./errors.ts";
import { startMailFlow } from "./flow_state.ts";
import type { Mailbox, MessageKind } from "./mailbox.ts";
import { type CodeColumn, issueCode, type OneTimeCode } from "./one_time_codes.ts";
import { openSession, type SessionIssuer } from "./session_answer.ts";
import { type AuthSettings, chooseRedirect } from "./settings.ts";
import { findUser, type Json, renderUser, type UserRow } from "./users.ts";

/** Shared by the routes of this module. */
export interface MailSender extends SessionIssuer {
  readonly settings: AuthSettings;
  readonly mailbox: Mailbox;
  /** Of Supabase Auth, such as `http://127.0.0.1:54321/auth/v1`. */
  readonly authUrl: string;
}

export interface MailRequest {
  readonly request: Request;
  readonly body: Json;
  readonly userAgent: string;
  readonly clientAddress: string;
  readonly now: number;
}

/** `POST /otp` @throws {AuthFailure} */
export async function sendOtp(sender: MailSender, request: MailRequest): Promise<Response> {
  const { sql, settings } = sender;
  const { body } = request;
  if (typeof body.phone === "string" && body.phone !== "") return await sendSms(sender, request);
  const email = readEmail(body);
  const known = await findUser(sql, { email });
  if (!known && body.create_user === false) {
    throw new AuthFailure(422, "otp_disabled", "Signups not allowed for otp");
  }
  if (!known) requireSignups(settings);
  const user = known ?? await addUser(sql, { email, data: body.data, settings });
  await sendMail(sender, {
    ...request,
    user,
    method: "magiclink",
    ...(user.email_confirmed_at
      ? { kind: "magic_link", type: "magiclink", column: "recovery_token" }
      : { kind: "confirmation", type: "signup", column: "confirmation_token" }),
  });
  return Response.json({});
}

/** `POST /recover` @throws {AuthFailure} */
export async function sendRecovery(sender: MailSender, request: MailRequest): Promise<Response> {
  const user = await findUser(sender.sql, { email: readEmail(request.body) });
  if (user) {
    await sendMail(sender, {
      ...request,
      user,
      method: "recovery",
      kind: "recovery",
      type: "recovery",
      column: "recovery_token",
    });
  }
  return Response.json({});
}

/** `POST /signup` @throws {AuthFailure} */
export async function signUp(sender: MailSender, request: MailRequest): Promise<Response> {
  const { sql, settings } = sender;
  const { body, userAgent, clientAddress, now } = request;
  const email = readEmail(body);
  const password = typeof body.password === "string" ? body.password : "";
  if (password === "") {
    throw new AuthFailure(400, "validation_failed", "Signup requires a valid password");
  }
  requireSignups(settings);
  requireStrong(password);
  const known = await findUser(sql, { email });
  if (known?.email_confirmed_at) {
    if (settings.autoconfirm) {
      throw new AuthFailure(422, "user_already_exists", "User already registered");
    }
    return Response.json(inventUser(known));
  }
  // Of an unconfirmed user the first password stays, even if somebody else set it.
  const user = known ?? await addUser(sql, { email, password, data: body.data, settings });
  if (settings.autoconfirm) {
    const session = { userId: user.id, method: "password", userAgent, clientAddress, now };
    return await openSession(sender, session);
  }
  await sendMail(sender, {
    ...request,
    user,
    method: "email/signup",
    kind: "confirmation",
    type: "signup",
    column: "confirmation_token",
  });
  return Response.json(renderUser(await findUser(sql, { id: user.id }) ?? user));
}

/** `POST /admin/generate_link` @throws {AuthFailure} */
export async function generateLink(sender: MailSender, request: MailRequest): Promise<Response> {
  const { sql, settings, authUrl } = sender;
  const { type } = request.body;
  if (type !== "magiclink" && type !== "recovery") {
    throw new AuthFailure(400, "validation_failed", `Invalid email action link type: ${type}`);
  }
  const email = readEmail(request.body);
  const known = await findUser(sql, { email });
  if (!known && type === "recovery") {
    throw new AuthFailure(404, "user_not_found", "User with this email not found");
  }
  const user = known ?? await addUser(sql, { email, data: undefined, settings });
  const code = await issueCode(sql, {
    user,
    address: email,
    column: "recovery_token",
    isPkce: false,
    settings: { mailIntervalSeconds: 0 },
    now: request.now,
  });
  return Response.json({
    ...renderUser(user),
    action_link: linkOf(authUrl, { ...code, type, redirectTo: settings.siteUrl }),
    email_otp: code.token,
    hashed_token: code.tokenHash,
    verification_type: type,
    redirect_to: settings.siteUrl,
  });
}

/** `POST /otp` with a phone number. */
async function sendSms(sender: MailSender, request: MailRequest): Promise<Response> {
  const { sql, settings, mailbox } = sender;
  const phone = String(request.body.phone).replace(/^\+/, "");
  if (!settings.phoneEnabled) {
    throw new AuthFailure(400, "phone_provider_disabled", "Unsupported phone provider");
  }
  const known = await findUser(sql, { phone });
  if (!known && request.body.create_user === false) {
    throw new AuthFailure(422, "otp_disabled", "Signups not allowed for otp");
  }
  if (!known) requireSignups(settings);
  const user = known ?? await addUser(sql, { phone, data: request.body.data, settings });
  const column = "confirmation_token";
  const issue = {
    user,
    address: phone,
    column,
    isPkce: false,
    settings,
    now: request.now,
  } as const;
  const code = await issueCode(sql, issue);
  const to = `+${phone}`;
  await mailbox.deliver({ ...code, to, kind: "sms", redirectTo: "", confirmationUrl: "" });
  return Response.json({});
}

async function sendMail(
  sender: MailSender,
  { user, kind, type, column, method, request, body, now }: MailRequest & {
    readonly user: UserRow;
    readonly kind: MessageKind;
    readonly type: string;
    readonly column: CodeColumn;
    /** The method in `amr` of a session that its link opens. */
    readonly method: string;
  },
): Promise<void> {
  const { sql, settings, mailbox, authUrl } = sender;
  const address = user.email ?? "";
  // Before the rate limit: a request that is refused replaces the challenge of the one before it.
  const isPkce = await startMailFlow(sql, { userId: user.id, method, body });
  const code = await issueCode(sql, { user, address, column, isPkce, settings, now });
  const redirectTo = chooseRedirect(settings, request);
  const confirmationUrl = linkOf(authUrl, { ...code, type, redirectTo });
  await mailbox.deliver({ ...code, to: address, kind, redirectTo, confirmationUrl });
}

function linkOf(
  authUrl: string,
  { tokenHash, type, redirectTo }: OneTimeCode & {
    readonly type: string;
    readonly redirectTo: string;
  },
): string {
  return `${authUrl}/verify?${new URLSearchParams({
    token: tokenHash,
    type,
    redirect_to: redirectTo,
  })}`;
}

function readEmail(body: Json): string {
  const { email } = body;
  if (typeof email === "string" && /^[^\s@]+@[^\s@]+$/.test(email)) return email.toLowerCase();
  throw new AuthFailure(
    400,
    "validation_failed",
    "Unable to validate email address: invalid format",
  );
}

function requireSignups({ signupsDisabled }: AuthSettings): void {
  if (!signupsDisabled) return;
  throw new AuthFailure(422, "signup_disabled", "Signups not allowed for this instance");
}

async function addUser(
  sql: postgres.Sql,
  { settings, data, ...user }: {
    readonly email?: string;
    readonly phone?: string;
    readonly password?: string;
    readonly data: unknown;
    readonly settings: AuthSettings;
  },
): Promise<UserRow> {
  const isConfirmed = settings.autoconfirm;
  const body = { ...user, user_metadata: data, email_confirm: isConfirmed, phone_confirm: false };
  const { id } = await (await createUser(sql, { body, settings })).json();
  const added = await findUser(sql, { id });
  if (!added) throw new AuthFailure(500, "unexpected_failure", "Database error finding user");
  return added;
}

/** As Supabase Auth invents one for an address that is known: no role, no identities. */
function inventUser(known: UserRow): Json {
  const { recovery_sent_at } = renderUser(known);
  return {
    id: crypto.randomUUID(),
    aud: "authenticated",
    role: "",
    email: known.email,
    phone: "",
    confirmation_sent_at: new Date(),
    ...(recovery_sent_at ? { recovery_sent_at } : {}),
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {},
    identities: [],
    created_at: new Date(),
    updated_at: new Date(),
    is_anonymous: false,
  };
}
