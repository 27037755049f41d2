/**
 * The server of a harness in memory: one session, which rotates as the backend's do, and whatever answer
 * a test puts in place of the usual one.
 *
 * @module
 */

import type {
  LoginOutcome,
  LogoutOutcome,
  Outcome,
  Transport,
} from "../../../client/src/transport/outcome.ts";

export interface User {
  readonly id: string;
  readonly name?: string;
}

export const ADA: User = { id: "ada" };
export const GRACE: User = { id: "grace" };

type Answer = Outcome<User> | LogoutOutcome | LoginOutcome<User>;
export type Script = (path: "validate" | "refresh" | "logout") => Answer | Promise<Answer>;

/** The server of the harness: answers `valid` unless a script says otherwise, and rotates with each refresh. */
export interface FakeServer {
  readonly calls: string[];
  generation: number;
  user: User;
  sessionId: string;
  /** When the access token was issued, on the harness's clock. */
  issuedAt: number;
  /** Milliseconds that an access token lives. */
  accessTtlMs: number;
  /** Milliseconds from a refresh to the end of the session. */
  sessionEndsInMs: number;
  exposesToken: boolean;
  /** Milliseconds until an answer comes. */
  latencyMs: number;
  /** Replaces the answer; undefined for the usual one. */
  script: Script | undefined;
  /** The usual answer, a refresh included. */
  valid(refreshed: boolean): Extract<Outcome<User>, { kind: "valid" }>;
  readonly transport: Transport<User>;
}

export function createFakeServer(
  { now, wait }: { readonly now: () => number; readonly wait: (ms: number) => Promise<void> },
): FakeServer {
  const server: FakeServer = {
    calls: [],
    generation: 1,
    user: ADA,
    sessionId: "session-1",
    issuedAt: 0,
    accessTtlMs: 3_600_000,
    sessionEndsInMs: 2_592_000_000,
    exposesToken: true,
    latencyMs: 0,
    script: undefined,
    valid: (refreshed) => ({
      kind: "valid",
      user: { ...server.user },
      sessionId: server.sessionId,
      generation: server.generation,
      refreshed,
      accessExpiresInMs: server.issuedAt + server.accessTtlMs - now(),
      sessionEndsInMs: server.issuedAt + server.sessionEndsInMs - now(),
      sessionAgeMs: 1000,
      accessToken: server.exposesToken ? `token-${server.generation}` : undefined,
    }),
    transport: {
      validate: () => answer("validate") as Promise<Outcome<User>>,
      refresh: () => answer("refresh") as Promise<Outcome<User>>,
      logout: () => answer("logout") as Promise<LogoutOutcome>,
    },
  };

  async function answer(path: "validate" | "refresh" | "logout"): Promise<Answer> {
    server.calls.push(path);
    const scripted = server.script?.(path);
    let result: Answer | Promise<Answer> | undefined = scripted;
    const hasExpired = now() >= server.issuedAt + server.accessTtlMs;
    const rotates = path === "refresh" || (path === "validate" && hasExpired);
    if (!result && rotates) {
      server.generation++;
      server.issuedAt = now();
    }
    result ??= path === "logout" ? { kind: "done" } : server.valid(rotates);
    if (server.latencyMs) {
      await wait(server.latencyMs);
    }
    return result;
  }

  return server;
}
