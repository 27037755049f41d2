/**
 * The site that the browser tests serve beside the functions: the page under test at every path, with the
 * script that its address names before its own, and a hand in every reply of a function, to count it,
 * hold it, lose it or put another in its place.
 *
 * @module
 */

import { bundlePage } from "../../../local/demo/bundle.ts";
import type { Site } from "../../../local/platform/gateway.ts";

export type Fate = (reply: Response, request: Request) => Response | Promise<Response>;

export interface DrivenSite extends Site {
  /** How many requests of a route, or of any, have arrived since the last `reset`. */
  count(route?: string): number;
  /** Resolves when that many requests of a route have arrived. @throws {Error} After ten seconds */
  arrival(route: string, count: number): Promise<void>;
  /** The fate of the replies of these routes from now on; null: they arrive. */
  setFate(fate: Fate | null): void;
  /** Keeps the replies of a route, which the functions have given, back until `release`. */
  hold(route: string): { release(): void };
  reset(): void;
  /** Lets every reply go, however long its fate would have held it: a scenario has ended. */
  end(): void;
}

const bundles = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/** As `bundlePage`, once for all sites of a file: the bundler takes longer to start than to bundle. */
function bundleOnce(script: URL): Promise<Uint8Array<ArrayBuffer>> {
  const bundle = bundles.get(script.href) ?? bundlePage(script);
  bundles.set(script.href, bundle);
  return bundle;
}

/** Answers with `Clear-Site-Data: "storage"`, as a sign-out page or another app of the origin may. */
export const CLEARING_PATH = "/clear-site-data";

/** Served at every path but the functions' and the script's. */
export interface DrivenPage {
  readonly script: URL;
  readonly body?: string;
}

const DRIVEN_PAGE: DrivenPage = { script: new URL("./page.ts", import.meta.url) };
const DRIVEN_WORKER = new URL("./worker.ts", import.meta.url);

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 10;

export function createDrivenSite(page = DRIVEN_PAGE): DrivenSite {
  const scripts: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>>>> = {
    "/app.js": () => bundleOnce(page.script),
    "/worker.js": () => bundleOnce(DRIVEN_WORKER),
  };
  const html = (script: string | null) =>
    `<!DOCTYPE html><title>Under test</title>${script ? `<script>${script}</script>` : ""}` +
    `${page.body ?? ""}<script type="module" src="/app.js"></script>`;
  let arrived: string[] = [];
  let ended = Promise.withResolvers<undefined>();
  let fate: Fate | null = null;
  const count: DrivenSite["count"] = (route) =>
    arrived.filter((each) => route === undefined || each === route).length;
  return {
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const script = await scripts[pathname]?.();
      if (script) return new Response(script, { headers: { "content-type": "text/javascript" } });
      const headers = new Headers({ "content-type": "text/html" });
      if (pathname === CLEARING_PATH) headers.set("clear-site-data", '"storage"');
      return new Response(html(searchParams.get("script")), { headers });
    },
    async deliver(request, reply) {
      const route = new URL(request.url).pathname.split("/").at(-1) ?? "";
      arrived.push(route);
      const decided = await Promise.race([fate?.(reply, request), ended.promise]) ?? reply;
      if (decided !== reply) await reply.body?.cancel();
      return decided;
    },
    count,
    async arrival(route, wanted) {
      const until = performance.now() + PATIENCE_MS;
      while (count(route) < wanted) {
        if (performance.now() > until) {
          throw new Error(
            `Never arrived: ${route} was called ${count(route)} times, not ${wanted}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    setFate(next) {
      fate = next;
    },
    hold(route) {
      const held = Promise.withResolvers<void>();
      fate = async (reply, request) => {
        if (request.url.endsWith(`/${route}`)) await held.promise;
        return reply;
      };
      return { release: held.resolve };
    },
    end() {
      fate = null;
      ended.resolve(undefined);
      ended = Promise.withResolvers();
    },
    reset() {
      arrived = [];
      fate = null;
    },
  };
}
