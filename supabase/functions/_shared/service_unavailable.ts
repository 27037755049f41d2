/**
 * The one error of the infrastructure family: something this service depends on did not answer, or not
 * as it should. It says nothing about any session, and every handler turns it into 503.
 *
 * @module
 */

export type DependencyName = "session_store" | "identity_provider" | "session_keys";

export class ServiceUnavailableError extends Error {
  override readonly name = "ServiceUnavailableError";
  readonly dependency: DependencyName;
  /** PostgreSQL's, PostgREST's or Supabase Auth's code, or `timeout`, `network` … For the log. */
  readonly code: string;

  constructor(
    failure: { readonly dependency: DependencyName; readonly code: string },
    options?: ErrorOptions,
  ) {
    super(`${failure.dependency} is unavailable: ${failure.code}`, options);
    this.dependency = failure.dependency;
    this.code = failure.code;
  }
}

/** Resolves when `work` is done, or was left undone by an outage: for work that may also be missing. */
export async function tolerateOutage(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
  }
}
