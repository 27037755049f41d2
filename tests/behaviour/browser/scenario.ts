/**
 * A stage for browser scenarios: a new Chromium, tabs that are signed in, and a project that the
 * tests of a file share, because its functions take longer to start than most scenarios to play.
 *
 * @module
 */

import {
  type ChromiumProfile,
  type ChromiumTab,
  launchChromiumProfile,
  type ProfileOptions,
} from "../../harness/browser/chromium_profile.ts";
import {
  type DrivenParts,
  IS_SETTLED,
  openDrivenProject,
  type ProjectOptions,
} from "../../harness/driven/project.ts";

export interface Stage extends DrivenParts {
  readonly chromium: ChromiumProfile;
  /** Of the page under test, with these options of `createSession`. */
  url(options?: Readonly<Record<string, number>>, script?: string): string;
  /** A tab on the page under test; `script` runs before the page's own. */
  open(options?: Readonly<Record<string, number>>, script?: string): Promise<ChromiumTab>;
  /** As `open`, and signed in; later tabs share the cookies. */
  openSignedIn(options?: Readonly<Record<string, number>>, script?: string): Promise<ChromiumTab>;
}

/** Quick beats and short patience, so that a scenario takes seconds; the rules are the same. */
export const QUICK = {
  heartbeatMs: 1_000,
  settleMs: 50,
  requestTimeoutMs: 2_000,
  backoffBaseMs: 200,
};

/** Access tokens of four seconds, and a reuse interval of one: an hour's life in a few seconds. */
export const SHORT_LIVED = {
  environment: { SESSION_ACCESS_TTL_SECONDS: "4", SESSION_WINDOW_SECONDS: "1" },
};

/** A project for scenarios, one after the other. */
export interface StagedProject {
  /** Plays a scenario with a new browser profile; nothing of the scenario before is left. */
  withStage(run: (stage: Stage) => Promise<void>, launch?: ProfileOptions): Promise<void>;
  close(): Promise<void>;
}

/** Starts a project, for a whole file: what it opens outlives a test. */
export async function openStagedProject(options?: ProjectOptions): Promise<StagedProject> {
  const { parts, play, close } = await openDrivenProject(options);
  return {
    withStage: (run, launch) =>
      play(async () => {
        await using chromium = await launchChromiumProfile(launch);
        await run(createStage(parts, chromium));
      }),
    close,
  };
}

function createStage(parts: DrivenParts, chromium: ChromiumProfile): Stage {
  const url: Stage["url"] = (options = {}, script = "") =>
    `${parts.stack.baseUrl}/?${new URLSearchParams({ options: JSON.stringify(options), script })}`;
  const open: Stage["open"] = async (options, script) => {
    const tab = await chromium.openTab(url(options, script));
    await tab.waitFor(IS_SETTLED);
    return tab;
  };
  return {
    ...parts,
    chromium,
    url,
    open,
    async openSignedIn(options, script) {
      const tab = await open(options, script);
      await parts.signIn(tab);
      parts.site.reset();
      return tab;
    },
  };
}
