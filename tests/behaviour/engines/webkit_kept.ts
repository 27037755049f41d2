/**
 * WebKitGTK with a profile that is kept. Its driver opens private windows only, so here a browser of
 * people's is started, and its page asks this process for expressions to evaluate.
 *
 * @module
 */

import { killTree, sleepTree } from "../../harness/browser/process_tree.ts";
import type { Profile } from "../../harness/browser/profile.ts";
import { type Tab, waitUntilTrue } from "../../harness/browser/tab.ts";
import type { EngineBrowser } from "./engine.ts";
import {
  type Display,
  MINI_BROWSER,
  readVersion,
  startDisplay,
  type StartedProcess,
  startProcess,
} from "./webkit_processes.ts";

interface Order {
  readonly expression: string;
  /** The page is about to be left: the next one takes the next order. */
  readonly leaves?: boolean;
}

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

export async function launchKeptWebkit(folder: string): Promise<EngineBrowser> {
  await using started = new AsyncDisposableStack();
  const display = started.use(await startDisplay());
  const control = started.use(startControl());
  const version = await readVersion(display);
  const kept = started.move();
  let browser: StartedProcess | undefined;
  const pid = () => {
    if (!browser) throw new Error("Cannot stop WebKitGTK: it has no tab yet");
    return browser.pid;
  };
  return {
    version,
    openProfile(): Promise<Profile> {
      return Promise.resolve({
        openTab(url): Promise<Tab> {
          if (browser) throw new Error("Cannot open a tab: WebKitGTK has one where it is kept");
          browser = kept.use(startBrowser(control.drive(url), { display, folder }));
          return Promise.resolve(createTab(control));
        },
        cookie: noCookies,
        forgetCookie: noCookies,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
    sleep: (milliseconds) => sleepTree(pid(), milliseconds),
    kill: () => killTree(pid()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function noCookies(): Promise<never> {
  return Promise.reject(new Error("Cannot see cookies: no driver is connected"));
}

function startBrowser(
  url: string,
  { display, folder }: { readonly display: Display; readonly folder: string },
): StartedProcess {
  return startProcess(MINI_BROWSER, [`--cookies-file=${folder}/cookies`, url], {
    ...display.environment,
    XDG_DATA_HOME: `${folder}/data`,
    XDG_CACHE_HOME: `${folder}/cache`,
    XDG_CONFIG_HOME: `${folder}/config`,
  });
}

function createTab({ drive, order }: Control): Tab {
  const evaluate = <Value>(expression: string) => order<Value>({ expression });
  const leave = async (expression: string) => {
    await order({ expression, leaves: true });
  };
  return {
    evaluate,
    waitFor: (expression, patienceMs) => waitUntilTrue(evaluate, expression, patienceMs),
    navigate: (to) => leave(`void (location.href = ${JSON.stringify(drive(to))})`),
    goBack: () => leave("void history.back()"),
    close: () => leave("void close()"),
  };
}

interface Control extends AsyncDisposable {
  /** The address of a page that this process is to drive. */
  drive(url: string): string;
  order<Value>(order: Order): Promise<Value>;
}

function startControl(): Control {
  const orders: Order[] = [];
  const answers: ((answer: Answer) => void)[] = [];
  let wake = Promise.withResolvers<void>();
  const ending = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: ending.signal, onListen: () => undefined },
    async (request) => {
      const headers = { "access-control-allow-origin": "*" };
      if (request.method === "POST") {
        answers.shift()?.(await request.json());
        return new Response(null, { headers });
      }
      while (orders.length === 0) await wake.promise;
      return Response.json(orders.shift(), { headers });
    },
  );
  const script = `(async () => {
    for (let leaves = false; !leaves;) {
      const order = await (await fetch("http://127.0.0.1:${server.addr.port}")).json();
      leaves = order.leaves;
      const answer = await Promise.resolve().then(() => (0, eval)(order.expression))
        .then((value) => ({ value }), (error) => ({ error: String(error) }));
      await fetch("http://127.0.0.1:${server.addr.port}", {
        method: "POST",
        body: JSON.stringify(answer),
        keepalive: true,
      });
    }
  })();`;
  return {
    drive(url) {
      const driven = new URL(url);
      driven.searchParams.set("script", script + (driven.searchParams.get("script") ?? ""));
      return driven.href;
    },
    async order<Value>(order: Order): Promise<Value> {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      answers.push(resolve);
      orders.push(order);
      wake.resolve();
      wake = Promise.withResolvers();
      const { value, error } = await promise;
      if (error !== undefined) throw new Error(error);
      return value as Value;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await server.finished;
    },
  };
}
