/**
 * The schemas of requests and answers. The handlers check with these and the OpenAPI document is made
 * from these, so that the two cannot differ.
 *
 * @module
 */

import * as z from "zod";
import { UNBOUND_BECAUSE } from "../tokens/binding.ts";
import { type ErrorCode, ERRORS } from "../errors.ts";
import { MAX_IDENTITY_TOKEN_LENGTH, PLAIN_BODIES } from "./plain_bodies.ts";

/**
 * PostgreSQL's text holds no NUL and its JSON no half of a surrogate pair; a control character in a
 * name is never meant.
 */
export const noControls = /^[^\p{Cc}\p{Cs}]*$/u;

/**
 * A text of at most so many characters: code points, as JSON Schema counts them, and not halves of
 * them, as a string's length does.
 */
export function text(
  { max, pattern }: { readonly max: number; readonly pattern: RegExp },
): z.ZodString {
  return z.string().regex(pattern).check(function countCharacters(context) {
    const { length } = [...context.value];
    const bound = { origin: "string", inclusive: true, input: context.value } as const;
    if (length > max) context.issues.push({ ...bound, code: "too_big", maximum: max });
    if (length < 1) context.issues.push({ ...bound, code: "too_small", minimum: 1 });
  }).meta({ minLength: 1, maxLength: max });
}

export const deviceName = text({ max: 100, pattern: noControls }).meta({
  description: "The user's name for this device.",
});

// Phone keyboards end a completed word with a blank.
export const email = text({ max: 320, pattern: /^\s*[^\s@\p{Cc}\p{Cs}]+@[^\s@\p{Cc}\p{Cs}]+\s*$/u })
  .overwrite((text) => text.trim());
// Supabase Auth hashes with bcrypt, which counts 72 bytes; nobody's password is longer than this.
export const password = text({ max: 1024, pattern: /^[^\0]*$/ });
export const captchaToken = text({ max: 4096, pattern: noControls });

const passwordLogin = z.strictObject({
  email,
  password,
  captcha_token: captchaToken.optional(),
  device_name: deviceName.optional(),
}).meta({ title: "Password login" });

const exchangeLogin = z.strictObject({
  supabase_access_token: text({ max: MAX_IDENTITY_TOKEN_LENGTH, pattern: /^[A-Za-z0-9_.-]+$/ }),
  device_name: deviceName.optional(),
}).meta({ title: "Exchange of a Supabase access token" });

/** A body that holds either key is judged by that form, so that the complaint fits what was meant. */
export const loginBody = z.union([passwordLogin, exchangeLogin]);
export const loginForms = { passwordLogin, exchangeLogin };

export const validateBody = z.strictObject({
  refresh: z.enum(PLAIN_BODIES.validateBody.refresh).default("auto"),
});

export const refreshBody = z.strictObject({});

export const logoutBody = z.strictObject({
  scope: z.enum(PLAIN_BODIES.logoutBody.scope).default("local"),
});

const challenge = z.string().regex(/^[A-Za-z0-9_-]{56}$/);
const timestamp = z.iso.datetime();
const seconds = z.int().min(0);

const userView = z.object({
  id: z.uuid(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  is_anonymous: z.boolean(),
  role: z.string().nullable(),
  app_metadata: z.record(z.string(), z.unknown()),
  user_metadata: z.record(z.string(), z.unknown()),
  user_metadata_omitted: z.literal(true).optional().meta({
    description: "Where it is larger than 16 KiB: user_metadata is then empty.",
  }),
});

const accessToken = z.string().optional().meta({
  description: "Only with SESSION_EXPOSE_ACCESS_TOKEN=true.",
});

export const sessionView = z.object({
  valid: z.literal(true),
  refreshed: z.boolean(),
  user: userView,
  session: z.object({
    id: z.uuid(),
    generation: z.int().min(1),
    created_at: timestamp,
    last_active_at: timestamp,
    aal: z.string(),
    expires_at: z.int().meta({
      description: "`access_token_expires_at` in Unix seconds, as in a session of supabase-js.",
    }),
    access_token_expires_at: timestamp,
    access_token_expires_in: seconds,
    refresh_token_expires_at: timestamp,
    refresh_token_expires_in: seconds,
    bound: z.boolean().meta({
      description: "Whether a refresh takes a proof of the browser's key.",
    }),
    challenge: challenge.meta({
      description: "The challenge that the browser's key signs in its next proof.",
    }),
  }),
  access_token: accessToken,
  server_time: timestamp,
});

export const graceView = z.object({
  valid: z.literal(true),
  status: z.enum(["active", "grace"]),
  can_mutate: z.boolean(),
  should_refresh: z.boolean(),
  user_id: z.uuid(),
  session_id: z.uuid(),
  user: userView,
  access_token_expires_at: timestamp,
  grace_ends_at: timestamp.nullable(),
  access_token: accessToken,
  server_time: timestamp,
});

export const sessionList = z.object({
  sessions: z.array(z.object({
    id: z.uuid(),
    current: z.boolean(),
    created_at: timestamp,
    last_active_at: timestamp.meta({
      description: "To the second for the current session, to the day for another.",
    }),
    device_name: z.string().nullable(),
    device: z.string().nullable().meta({ description: 'Such as "Firefox on Linux".' }),
    ip: z.string().nullable(),
    aal: z.string(),
  })),
  server_time: timestamp,
});

export const logoutView = z.object({
  signed_out: z.literal(true),
  sessions_ended: z.int().min(0),
});

export const jwksView = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

export const healthView = z.object({
  status: z.literal("ok"),
  database: z.literal("ready"),
  unbound_because: z.enum(UNBOUND_BECAUSE).optional().meta({
    description: "Where sessions are not bound to the keys of their browsers.",
  }),
});

export const factorView = z.object({
  id: z.guid(),
  type: z.enum(["totp", "phone", "webauthn"]),
  friendly_name: z.string().nullable(),
});

export const errorView = z.object({
  valid: z.literal(false).optional().meta({ description: "On the two validates." }),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  request_id: z.string(),
  challenge: challenge.optional().meta({
    description: "With `proof_required`: the challenge that the proof must sign.",
  }),
  status: z.literal("stale").optional().meta({
    description: "Of validate-session: the session lives, and the browser has to refresh.",
  }),
  should_refresh: z.literal(true).optional(),
  database: z.enum(["read-only", "outdated"]).optional().meta({
    description: "Of `health`, where the database answers but takes no writes or lacks migrations.",
  }),
  factors: z.array(factorView).optional().meta({
    description: "With `mfa_required`: the factors of the half-done sign-in.",
  }),
});

export type SessionView = z.output<typeof sessionView>;
export type GraceView = z.output<typeof graceView>;
export type SessionListView = z.output<typeof sessionList>;
