/**
 * A browser of any engine, as the scenarios that run in all of them drive it. Features that only one
 * engine's tools have (network conditions, frozen pages) are not here.
 *
 * @module
 */

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
  openProfile(): Promise<EngineProfile>;
  /** Stops every process of the browser, as a laptop that sleeps does, and lets them go on afterwards. */
  sleep(milliseconds: number): Promise<void>;
  /** Ends every process of the browser at once, as a crash does. */
  kill(): Promise<void>;
}

export interface EngineProfile extends AsyncDisposable {
  openTab(url: string): Promise<EngineTab>;
  /** The value of a cookie that scripts may not see. */
  cookie(name: string): Promise<string | undefined>;
  /** As the browser forgets a cookie that has expired. */
  forgetCookie(name: string): Promise<void>;
}

export interface EngineTab {
  /** The value of an expression of the page; promises are awaited. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. @throws {Error} After fifteen seconds, with what it was */
  waitFor(expression: string): Promise<void>;
  navigate(url: string): Promise<void>;
  goBack(): Promise<void>;
  close(): Promise<void>;
}

/** On a machine with much else to do; what is true at once costs none of it. */
const PATIENCE_MS = 45_000;
const LOOK_EVERY_MS = 50;

/** `waitFor` for a tab that can evaluate. */
export async function waitUntilTrue(
  evaluate: (expression: string) => Promise<unknown>,
  expression: string,
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  let last: unknown;
  while (performance.now() < until) {
    last = await evaluate(expression).catch((error: unknown) => String(error));
    if (last === true) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`Never true in the page: ${expression} (was ${String(last)})`);
}
