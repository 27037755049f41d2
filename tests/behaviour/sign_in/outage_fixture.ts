/**
 * A function whose Supabase Auth and database fail one at a time, as a test says, and browsers that sign
 * in there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startFaultyProject } from "../../resilience/fault/faulty_provider.ts";
import { type Browser, openBrowser } from "../http/browser.ts";
import { assertNoSecrets } from "../http/log_secrets.ts";
import { openSignInFixture, type Page, type SignInFixture } from "./sign_in_fixture.ts";

export interface OutageFixture extends SignInFixture {
  /** A browser at the function whose project is at fault. */
  openAtFault(): Browser;
  /** A path of that function. */
  url(path: string): string;
  /** The way back from the provider, to that function. */
  returnFrom(page: Page, as: { readonly email: string }): Promise<string>;
  /** Supabase Auth answers one path badly while `use` runs. @default {503} */
  whileAway(path: RegExp, use: () => Promise<void>, answer?: () => Response): Promise<void>;
  /** The database answers one function badly while `use` runs. */
  whileDatabaseIsAway(name: string, use: () => Promise<void>): Promise<void>;
}

/** Stands for an answer where there is none. */
export const NO_ANSWERS: Readonly<Record<string, () => Response>> = {
  "503": () => new Response(null, { status: 503 }),
  "502 as HTML": () =>
    new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "content-type": "text/html" } }),
  "200 as HTML": () => new Response("<h1>Hello</h1>", { headers: { "content-type": "text/html" } }),
  "200 with nothing in it": () => Response.json({}),
};

export async function openOutageFixture(): Promise<OutageFixture> {
  // The faults are put before the data API, so the functions must take that way.
  const fixture = await openSignInFixture({ environment: { SESSION_STORE: "data-api" } });
  const lines: string[] = [];
  const project = await startFaultyProject(fixture.stack, { onLine: (line) => lines.push(line) });
  let addresses = 0;
  const url = (path: string) => `${project.functionsUrl}/unified-auth${path}`;

  return {
    ...fixture,
    openAtFault() {
      addresses += 1;
      return openBrowser({ functionsUrl: project.functionsUrl, ip: `198.51.100.${addresses}` });
    },
    url,
    returnFrom: async (page, as) =>
      url(`/callback${new URL(await fixture.passProvider(page, as)).search}`),
    async whileAway(path, use, answer = () => new Response(null, { status: 503 })) {
      let asked = 0;
      project.setFault((request) => {
        const { pathname, search } = new URL(request.url);
        if (!path.test(`${request.method} ${pathname}${search}`)) return null;
        asked += 1;
        return answer();
      });
      await use().finally(() => project.setFault(null));
      assert.ok(asked > 0, `${path} was never asked for`);
    },
    async whileDatabaseIsAway(name, use) {
      let asked = 0;
      project.setDatabaseFault((request) => {
        if (!new URL(request.url).pathname.endsWith(`/rpc/${name}`)) return null;
        asked += 1;
        return new Response(null, { status: 503 });
      });
      await use().finally(() => project.setDatabaseFault(null));
      assert.ok(asked > 0, `${name} was never called`);
    },
    async close() {
      await project[Symbol.asyncDispose]();
      await fixture.stack.stop();
      assertNoSecrets(lines);
    },
  };
}
