/**
 * The routes of every sign-in but the password: OAuth, mails and text messages, second factors, passkeys,
 * and changes of a signed-in user's account. Only reads requests; each flow has a module.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type postgres from "postgres";
import type { AccessTokenSigner, SignedIn } from "./access_tokens.ts";
import { AuthFailure } from "./errors.ts";
import {
  challengeFactor,
  enrollFactor,
  type FactorRequest,
  removeFactor,
  verifyFactor,
} from "./factors.ts";
import { exchangeCode } from "./flow_state.ts";
import type { Mailbox } from "./mailbox.ts";
import { finishOAuth, PROVIDER_PATH, showProvider, startOAuth } from "./oauth.ts";
import { updateOwnUser } from "./own_user.ts";
import {
  offerAuthentication,
  offerRegistration,
  type RelyingParty,
  verifyAuthentication,
  verifyRegistration,
} from "./passkeys.ts";
import type { AuthSettings } from "./settings.ts";
import { generateLink, sendOtp, sendRecovery, signUp } from "./sign_in_mails.ts";
import type { Json } from "./users.ts";
import { followLink, verifyCode } from "./verify.ts";

export type AuthEnvironment = {
  Bindings: { remoteAddress: string };
  Variables: { sql: postgres.Sql };
};

/** Opened by a browser itself, without a key. */
export const KEYLESS_PATHS: ReadonlySet<string> = new Set(
  ["/authorize", "/callback", "/verify", PROVIDER_PATH].map((path) => `/auth/v1${path}`),
);

export interface SignInRoutesOptions {
  readonly signer: AccessTokenSigner;
  readonly settings: AuthSettings;
  readonly mailbox: Mailbox;
  readonly now: () => number;
  readonly readBody: (request: Request) => Promise<Json>;
  readonly signedIn: (sql: postgres.Sql, request: Request) => Promise<SignedIn>;
  /** The address that a secret key speaks for, or that of the caller. */
  readonly addressOf: (request: Request, remoteAddress: string) => string;
}

type RequestOf = Context<AuthEnvironment>;

export function addSignInRoutes(app: Hono<AuthEnvironment>, options: SignInRoutesOptions): void {
  const { signer, settings, mailbox, now, readBody } = options;
  const authUrl = signer.issuer;

  const origin = ({ req, env }: RequestOf) => ({
    userAgent: req.header("user-agent") ?? "",
    clientAddress: options.addressOf(req.raw, env.remoteAddress),
    now: now(),
  });
  const issuer = ({ var: { sql } }: RequestOf) => ({ sql, signer });
  const sender = (context: RequestOf) => ({ ...issuer(context), settings, mailbox, authUrl });
  const mail = async (context: RequestOf) => ({
    request: context.req.raw,
    body: await readBody(context.req.raw),
    ...origin(context),
  });
  const own = async (context: RequestOf) => {
    const { user, sessionId } = await options.signedIn(context.var.sql, context.req.raw);
    if (sessionId === undefined) {
      throw new AuthFailure(
        403,
        "session_not_found",
        "Session from session_id claim does not exist",
      );
    }
    return { user, sessionId, ...origin(context) };
  };
  const factor = async (context: RequestOf): Promise<FactorRequest> => ({
    body: await readBody(context.req.raw),
    ...await own(context),
  });
  const party = (): RelyingParty => {
    const { hostname, origin, port } = new URL(settings.siteUrl);
    // Browsers take no address for a site of passkeys; this machine's own has a name.
    return hostname === "127.0.0.1"
      ? { id: "localhost", origins: [origin, `http://localhost:${port}`] }
      : { id: hostname, origins: [origin] };
  };

  app.get("/authorize", async (context) =>
    await startOAuth(context.var.sql, {
      request: context.req.raw,
      settings,
      authUrl,
      ...origin(context),
    }));
  app.get(PROVIDER_PATH, ({ req }) => showProvider(req.raw));
  app.get("/callback", async (context) =>
    await finishOAuth(issuer(context), {
      request: context.req.raw,
      settings,
      authUrl,
      ...origin(context),
    }));
  app.post("/token", async (context, next) => {
    if (context.req.query("grant_type") !== "pkce") return await next();
    return await exchangeCode(issuer(context), {
      body: await readBody(context.req.raw),
      settings,
      ...origin(context),
    });
  });

  app.post("/otp", async (context) => await sendOtp(sender(context), await mail(context)));
  app.post("/recover", async (context) => await sendRecovery(sender(context), await mail(context)));
  app.post("/signup", async (context) => await signUp(sender(context), await mail(context)));
  app.get("/verify", async (context) =>
    await followLink(issuer(context), {
      request: context.req.raw,
      settings,
      ...origin(context),
    }));
  app.post("/verify", async (context) =>
    await verifyCode(issuer(context), {
      body: await readBody(context.req.raw),
      settings,
      ...origin(context),
    }));

  app.put("/user", async (context) => {
    const body = await readBody(context.req.raw);
    return await updateOwnUser(context.var.sql, { body, settings, ...await own(context) });
  });

  app.post(
    "/factors",
    async (context) => await enrollFactor(context.var.sql, await factor(context)),
  );
  app.post("/factors/:id/challenge", async (context) =>
    await challengeFactor(context.var.sql, {
      ...await factor(context),
      factorId: context.req.param("id"),
      mailbox,
    }));
  app.post("/factors/:id/verify", async (context) =>
    await verifyFactor(issuer(context), {
      ...await factor(context),
      factorId: context.req.param("id"),
    }));
  app.delete("/factors/:id", async (context) =>
    await removeFactor(context.var.sql, {
      ...await factor(context),
      factorId: context.req.param("id"),
    }));

  app.post(
    "/passkeys/authentication/options",
    async ({ var: { sql } }) => await offerAuthentication(sql, { party: party(), now: now() }),
  );
  app.post(
    "/passkeys/authentication/verify",
    async (context) =>
      await verifyAuthentication(issuer(context), {
        body: await readBody(context.req.raw),
        party: party(),
        ...origin(context),
      }),
  );
  app.post(
    "/passkeys/registration/options",
    async (context) =>
      await offerRegistration(context.var.sql, { ...await own(context), party: party() }),
  );
  app.post("/passkeys/registration/verify", async (context) => {
    const body = await readBody(context.req.raw);
    const { sql } = context.var;
    return await verifyRegistration(sql, { ...await own(context), body, party: party() });
  });
}

/** `/admin/generate_link`, behind the check that the caller is an administrator. */
export function addAdminSignInRoutes(
  app: Hono<AuthEnvironment>,
  { signer, settings, mailbox, now, readBody }: Omit<SignInRoutesOptions, "signedIn" | "addressOf">,
): void {
  app.post(
    "/admin/generate_link",
    async ({ req, env, var: { sql } }) =>
      await generateLink({ sql, signer, settings, mailbox, authUrl: signer.issuer }, {
        request: req.raw,
        body: await readBody(req.raw),
        userAgent: req.header("user-agent") ?? "",
        clientAddress: env.remoteAddress,
        now: now(),
      }),
  );
}
