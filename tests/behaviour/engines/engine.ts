/**
 * A browser of any engine, as the scenarios that run in all of them drive it. Features that only one
 * engine's tools have (network conditions, frozen pages) are not here.
 *
 * @module
 */

import type { Profile } from "../../harness/browser/profile.ts";

/** The three engines that people's browsers are made of. */
export type EngineName = "chromium" | "firefox" | "webkit";

/** How a browser is set up before it starts. */
export interface EngineOptions {
  /** Blocks cookies and, in Chromium and Firefox, everything else that a site stores. */
  readonly blocksSiteData?: boolean;
  /** Opens the pages in a private window. WebKit's automated windows always are. */
  readonly isPrivate?: boolean;
  /** Keeps the one profile in this folder, for the next browser that is given it. */
  readonly profileFolder?: string;
  /** A port of this machine that answers for every host but loopback. */
  readonly proxyPort?: number;
}

export interface EngineBrowser extends AsyncDisposable {
  readonly version: string;
  /** A fresh profile: no cookie and no storage of another one. */
  openProfile(): Promise<Profile>;
  /** Stops every process of the browser, as a laptop that sleeps does, and lets them go on afterwards. */
  sleep(milliseconds: number): Promise<void>;
  /** Ends every process of the browser at once, as a crash does. */
  kill(): Promise<void>;
}
