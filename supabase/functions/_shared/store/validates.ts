/**
 * Validates that share calls, by either driver: the policy is said once, and of each call the rest. Knows
 * which of them may travel together, and not how they get there.
 *
 * @module
 */

import {
  type Batch,
  type BatchOptions,
  createBatch,
  type Lane,
  type NumberedCall,
} from "./batch.ts";
import type { Database } from "./database.types.ts";
import type { ValidateArguments } from "./sql_functions.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";

type Validation = Database["public"]["CompositeTypes"]["unified_auth_validation"];

/** PostgREST's code for a function, PostgreSQL's for a type, that an older database does not have. */
const NOT_YET_THERE: ReadonlySet<string> = new Set(["PGRST202", "42704"]);

/** How long such a database is not asked to take many at once. */
const NO_SHARING_MS = 60_000;

export function createValidates(
  options: BatchOptions<ValidateArguments>,
): Batch<ValidateArguments> {
  let sharesAgainAtMs = 0;
  const watch = (lane: Lane<ValidateArguments>): Lane<ValidateArguments> => ({
    ...lane,
    async call(calls, shared) {
      try {
        return await lane.call(calls, shared);
      } catch (error: unknown) {
        if (error instanceof ServiceUnavailableError && NOT_YET_THERE.has(error.code)) {
          sharesAgainAtMs = performance.now() + NO_SHARING_MS;
        }
        throw error;
      }
    },
  });

  // A store has one policy, the same object in all of its calls.
  const batches = new WeakMap<object, Batch<ValidateArguments>>();
  const batchUnder = (policy: object): Batch<ValidateArguments> => {
    const known = batches.get(policy) ??
      createBatch({ ...options, take: async () => watch(await options.take()) });
    batches.set(policy, known);
    return known;
  };

  return {
    call: (args) =>
      args.p_policy === null || performance.now() < sharesAgainAtMs
        ? options.callAlone(args, options.timeoutMs)
        : batchUnder(args.p_policy).call(args),
  };
}

export function toValidation({ number, args }: NumberedCall<ValidateArguments>): Validation {
  return {
    number,
    session_id: args.p_session_id,
    generation: args.p_generation,
    branch: args.p_branch,
    may_confirm: args.p_may_confirm,
    context: args.p_context,
  };
}
