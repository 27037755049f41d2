/**
 * A client as the scoreboard runs it: how its page is made, what it offers to a scenario,
 * and a server that it signs in to. Nothing here knows any client.
 *
 * @module
 */

import type { TestServer } from "../../local/testing/test_server.ts";
import type { ScenarioId } from "./scenario_id.ts";
import type { Wire } from "./wire.ts";

/** The page's `globalThis.contestant`. */
export interface PageContestant {
  signIn(): Promise<unknown>;
  /** Whether the client has found out, after the page was loaded, how the session stands. */
  isReady(): boolean;
  /** Whether the page shows somebody as signed in. Sends no request. */
  isSignedIn(): boolean;
  /** The documented way for an app to get the token or the session before a call. */
  read(): Promise<boolean>;
  /** Whether `read` renews an expired token. Otherwise an app asks for `refresh`, or a timer does. */
  readonly readRenews: boolean;
  /** Asks for a fresh token or session now; whether there is a good one afterwards. */
  refresh(): Promise<boolean>;
  /**
   * Starts a renewal as in daily use, where that is not `refresh`; settles when that attempt did.
   * @default {refresh}
   */
  renewInBackground?(): Promise<unknown>;
  /**
   * One call of a protected resource, each of another address, because Chromium lets requests of one
   * address wait for each other: the status, 0 where the client rejects. Missing where S9 is.
   */
  call?(number: number): Promise<number>;
  /** The client's events for the app's user interface, by name, oldest first. */
  readonly events: string[];
}

/** A server that a contestant signs in to, and what a scenario may do to it. */
export interface Arena extends AsyncDisposable {
  /** Where the page and everything it asks is served. */
  readonly baseUrl: string;
  /** Holds or changes every reply, and counts the requests. */
  readonly wire: Wire;
  /**
   * Lets time pass for the sessions on the server. The page's clock stands still, as while a machine
   * sleeps.
   */
  passTime(seconds: number): Promise<void>;
  /** How many refresh credentials the server has issued, the one of the sign-in included. */
  issuedCredentials(): number;
  /** The refresh credential that was issued last. */
  newestCredential(): string | undefined;
}

/** Where a page keeps its refresh credential. */
export type CredentialPlace =
  | { readonly cookie: string }
  /** An expression of any page of the same origin. */
  | { readonly expression: string };

export interface ArenaOptions {
  readonly server: TestServer;
  /** The page's script. */
  readonly script: Uint8Array<ArrayBuffer>;
  readonly accessTtlSeconds: number;
}

export interface Contestant {
  readonly id: string;
  readonly name: string;
  /** The packages under test, as `import_map.json` names them; none: this repository. */
  readonly packages: readonly string[];
  /** How it is set up, and whose advice that is. */
  readonly configuration: string;
  /** The server that answers it. */
  readonly backend: string;
  /** A remark that its row needs. @default {none} */
  readonly remarks?: string;
  /** The module of its page, beside this folder's others. */
  readonly page: URL;
  /** The exports that an app imports: their size is measured. */
  readonly imports: string;
  readonly credential: CredentialPlace;
  /** Cookies that a browser drops when the access token expires. @default {none} */
  readonly accessCookies?: readonly string[];
  /** Access token lives that its own timers need in a scenario. @default {the scenario's} */
  readonly accessTtlSeconds?: Readonly<Partial<Record<ScenarioId, number>>>;
  /** Scenarios about something that it does not have, with the reason. */
  readonly absent: Readonly<Partial<Record<ScenarioId, string>>>;
  openArena(options: ArenaOptions): Promise<Arena>;
}
