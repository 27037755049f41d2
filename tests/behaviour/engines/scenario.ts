/**
 * A scenario that runs in every engine, and what it may use.
 *
 * @module
 */

import type { DrivenParts } from "../../harness/driven/project.ts";
import type { Tab } from "../../harness/browser/tab.ts";
import type { EngineBrowser, EngineName, EngineOptions } from "./engine.ts";

export interface PageOptions {
  /** Runs in the page before its own script. */
  readonly script?: string;
  /** Where the page is opened. @default {the stack's own address} */
  readonly baseUrl?: string;
}

export interface Harness extends DrivenParts {
  readonly engine: EngineName;
  readonly browser: EngineBrowser;
  /** Another browser of this engine, for the scenarios that end one. */
  launch(options: EngineOptions): Promise<EngineBrowser>;
  url(options?: PageOptions): string;
  /** A tab whose session has settled. */
  open(options?: PageOptions): Promise<Tab>;
  openSignedIn(options?: PageOptions): Promise<Tab>;
  /** The browser's refresh cookie, which no script can see. */
  refreshCookie(): Promise<string | undefined>;
  /** Closes all tabs; those that are opened later share nothing with them. */
  openAnotherProfile(): Promise<void>;
  /** Of the one session that is live: whether it is bound to a key. */
  isBound(): Promise<boolean>;
}

export interface HarnessOptions {
  /** Of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether cookies are `Secure` in WebKit too, which keeps none of those here. @default {false} */
  readonly hasSecureCookies?: boolean;
}

export interface Scenario extends EngineOptions, HarnessOptions {
  readonly rule: string;
  /** An engine's different behaviour, for the table of docs/browsers.md. @default {nothing} */
  readonly differing?: Readonly<Partial<Record<EngineName, string>>>;
  readonly run: (harness: Harness) => Promise<void>;
}

export const STATUS = "session.getSnapshot().status";
