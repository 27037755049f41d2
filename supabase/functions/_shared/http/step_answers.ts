/**
 * The answers of sign-in steps, for the same request again. Where an answer is lost on the way, a code is used
 * up and the browser has neither the session nor the cookie of the next step; it still has the cookies that
 * the step began with. So it may send the request again for five minutes, and gets the same answer.
 *
 * Each is sealed with a key that takes those cookies: the database and `SESSION_SECRET` together open none.
 *
 * @module
 */

import { KEPT_ANSWER_SECONDS, rememberQuietly } from "../sign_in/advance.ts";
import { claimOf } from "../sign_in/attempt_limits.ts";
import type { SignInDependencies } from "../sign_in/dependencies.ts";
import { hmacSha256 } from "../tokens/hmac.ts";
import { createSealer } from "../tokens/sealing.ts";

const NAME = "answer";

export interface StepAnswers {
  /** The answer that this request had from a browser with one of these secrets; null: none. */
  recall(request: string, secrets: readonly string[]): Promise<Response | null>;
  /** Keeps an answer, and answers it. If the database is away it is not kept. */
  keep(request: string, secret: string, response: Response): Promise<Response>;
}

interface KeptAnswer {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: string;
}

export function createStepAnswers(
  { signInStore, keys: { signing }, nowMs, randomBytes }: Pick<
    SignInDependencies,
    "signInStore" | "keys" | "nowMs" | "randomBytes"
  >,
): StepAnswers {
  const nameOf = (request: string) => claimOf({ signing }, { kind: NAME, value: request });
  const sealerOf = (secret: string) =>
    createSealer({
      keys: [{ id: signing.id, sealing: hmacSha256(signing.sealing, `${NAME}\n`, secret) }],
      nowMs,
      randomBytes,
    });
  return {
    async recall(request, secrets) {
      if (secrets.length === 0) return null;
      const sealed = await signInStore.recallAnswer(nameOf(request));
      if (sealed === null) return null;
      for (const secret of secrets) {
        const kept = await sealerOf(secret).open(sealed, NAME) as KeptAnswer | undefined;
        if (kept === undefined) continue;
        return new Response(kept.body, { status: kept.status, headers: kept.headers });
      }
      return null;
    },

    async keep(request, secret, response) {
      const body = await response.clone().text();
      const kept: KeptAnswer = { status: response.status, headers: [...response.headers], body };
      const options = { name: NAME, lifetimeSeconds: KEPT_ANSWER_SECONDS };
      const sealed = await sealerOf(secret).seal(kept, options);
      await rememberQuietly({ signInStore }, nameOf(request), sealed);
      return response;
    },
  };
}
