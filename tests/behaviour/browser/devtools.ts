/**
 * A real Chromium over the raw DevTools protocol: tabs that become hidden, freeze, are restored from
 * the back/forward cache, and renderers that are stopped as a sleeping laptop stops them. A driver that
 * keeps every page focused cannot show any of that.
 *
 * @module
 */

import sparticuz from "@sparticuz/chromium";
import { CHROMIUM_ARGUMENTS } from "./chromium.ts";
import { connectDevTools, type DevToolsConnection } from "./devtools_connection.ts";
import { openTab, type Tab } from "./tab.ts";

export interface DevTools extends AsyncDisposable {
  /**
   * Opens a tab and gives it the focus. All tabs share one profile. `script`
   * runs in each of its documents before the page's own.
   */
  openTab(url: string, script?: string): Promise<Tab>;
  /** Stops the renderers, as sleep does: no event tells the page. */
  stopRenderers(milliseconds: number): Promise<void>;
  /** The value of a cookie of the profile. */
  cookie(name: string): Promise<string | undefined>;
  /** Resolves once the cookie is as wanted. @throws {Error} After ten seconds */
  waitForCookie(name: string, wanted: (value: string | undefined) => boolean): Promise<void>;
  /** Puts back a value that a cookie had before, as a crash of the browser does. */
  restoreCookie(name: string, value: string, url: string): Promise<void>;
  /** As the browser forgets a cookie whose time is over. */
  forgetCookie(name: string, url: string): Promise<void>;
}

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface LaunchOptions {
  /** @default {the headless shell from npm} */
  readonly executable?: string | undefined;
  /** Of the command line, besides what every test needs. */
  readonly flags?: readonly string[];
  /**
   * Whether all tabs share a window, so that the one that is shown hides the others. Otherwise each
   * has a window that can be minimized, which is all that the headless shell can do.
   *
   * @default {false}
   */
  readonly oneWindow?: boolean;
}

export async function launchDevTools(
  { executable, flags = [], oneWindow = false }: LaunchOptions = {},
): Promise<DevTools> {
  const profile = await Deno.makeTempDir({ prefix: "unified-auth-chromium-" });
  const process = new Deno.Command(executable ?? await sparticuz.executablePath(), {
    args: [
      ...CHROMIUM_ARGUMENTS,
      "--headless",
      ...flags,
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const connection = await connectDevTools(await readEndpoint(errors));
  const drained = drain(errors);

  const cookie: DevTools["cookie"] = async (name) => {
    const { cookies } = await connection.send<{ cookies: { name: string; value: string }[] }>(
      "Storage.getCookies",
    );
    return cookies.find((cookie) => cookie.name === name)?.value;
  };

  return {
    openTab: (url, script) => openTab(connection, { url, script, newWindow: !oneWindow }),
    stopRenderers: (milliseconds) => stopRenderers(connection, milliseconds),
    cookie,
    async waitForCookie(name, wanted) {
      const until = performance.now() + PATIENCE_MS;
      while (!wanted(await cookie(name))) {
        if (performance.now() > until) throw new Error(`Never as wanted: cookie ${name}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    async restoreCookie(name, value, url) {
      await connection.send("Storage.setCookies", {
        cookies: [{ name, value, url, secure: true, httpOnly: true, sameSite: "Lax", path: "/" }],
      });
    },
    async forgetCookie(name, url) {
      await connection.send("Storage.setCookies", {
        cookies: [{ name, value: "", url, secure: true, path: "/", expires: 1 }],
      });
    },
    async [Symbol.asyncDispose]() {
      await connection.send("Browser.close").catch(() => undefined);
      await connection.close();
      await process.status;
      await drained;
      await Deno.remove(profile, { recursive: true });
    },
  };
}

async function readEndpoint(errors: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = "";
  for (;;) {
    const { value, done } = await errors.read();
    if (done) throw new Error(`Cannot start Chromium: ${text.slice(-500)}`);
    text += value;
    const endpoint = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (endpoint !== undefined) return endpoint;
  }
}

async function drain(errors: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await errors.read()).done);
}

async function stopRenderers(
  connection: DevToolsConnection,
  milliseconds: number,
): Promise<void> {
  const { processInfo } = await connection.send<{ processInfo: { type: string; id: number }[] }>(
    "SystemInfo.getProcessInfo",
  );
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  for (const pid of renderers) Deno.kill(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (const pid of renderers) Deno.kill(pid, "SIGCONT");
}
