import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createContext, runInContext } from "node:vm";
import { CookieJar } from "tough-cookie";
import ts from "typescript";
import type { AuthClient } from "../../../client/src/index.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { run } from "../package/packed_client.ts";
import { openPlatforms, type Platform, runProgram } from "./platform.ts";

const { email, password } = SEED_USERS.ada;

const ACCESS_TTL_SECONDS = 3;

Deno.test("an app with React Native", async (test) => {
  await using platforms = await openPlatforms();
  const app = await platforms.install("react-native");
  await using server = await openTestServer();
  await using stack = await server.startStack({
    environment: {
      SESSION_ACCESS_TTL_SECONDS: String(ACCESS_TTL_SECONDS),
      SESSION_WINDOW_SECONDS: "1",
    },
  });
  await bundle(app, stack.functionsUrl);
  const sources = await Promise.all(
    ["native.js", "app.js", "hermes.js"].map((file) =>
      Deno.readTextFile(`${app.directory}/${file}`)
    ),
  );
  const [native = "", bundled = "", hermes = ""] = sources;

  await test.step("signs in with the phone's cookie jar, and is kept by the phone's own signals", async () => {
    const phone = startPhone(`${native}\n${bundled}`);
    const { auth } = phone;
    assert.equal((await auth.ready()).status, "signed-out");
    const outcome = await auth.signIn.withPassword({ email, password });
    assert.equal(outcome.kind, "signed-in");
    const url = `${stack.functionsUrl}/unified-auth/sessions`;
    const response = await auth.fetch(url);
    assert.equal((await response.json()).sessions.length, 1);

    const abort = phone.abortController();
    abort.abort();
    await assert.rejects(auth.fetch(url, { signal: abort.signal }), { name: "AbortError" });

    phone.isOnline = false;
    await phone.sleep((ACCESS_TTL_SECONDS + 1) * 1_000);
    const before = phone.requests.length;
    phone.emit("appStateDidChange", { app_state: "background" });
    phone.emit("appStateDidChange", { app_state: "active" });
    await until(() => auth.status === "degraded");
    assert.ok(phone.requests.length > before, "the return asks the server");
    await assert.rejects(auth.fetch(url, { timeoutMs: 200 }), { name: "SessionUnavailableError" });
    assert.equal(auth.user?.email, email);

    phone.isOnline = true;
    phone.setConnected(true);
    await until(() => auth.status === "active");
    assert.equal((await auth.fetch(url)).status, 200);
    await auth.signOut();
    assert.equal(auth.status, "signed-out");
    await assert.rejects(auth.fetch(url), { name: "SessionEndedError" });
    assert.deepEqual(phone.complaints, []);
    auth.dispose();
  });

  await test.step("runs in Hermes, compiled ahead of time", async () => {
    const program = `${native}\n${hermes}\n${bundled}\nscenario(globalThis).catch(print);\n`;
    // As React Native's own compiler does for this Hermes, which has no block scopes and no classes.
    const { outputText } = ts.transpileModule(program, {
      compilerOptions: {
        target: ts.ScriptTarget.ES5,
        downlevelIteration: true,
        ignoreDeprecations: "6.0",
        module: ts.ModuleKind.None,
      },
    });
    const { directory } = app;
    await Deno.writeTextFile(`${directory}/program.js`, outputText);
    const folder = Deno.build.os === "darwin" ? "osx-bin" : "linux64-bin";
    const binaries = `${directory}/node_modules/hermes-engine-cli/${folder}`;
    await run(
      `${binaries}/hermesc`,
      ["-O", "-emit-binary", "-out", "app.hbc", "program.js"],
      directory,
    );
    const { printed, complained } = await runProgram(
      [`${binaries}/hermes`, "-Xes6-promise", "-Xmicrotask-queue", "-b", "app.hbc"],
      { cwd: directory, env: {} },
    );
    assert.deepEqual(printed.split("\n"), [
      "signed-out",
      `signed-in ${email}`,
      "200",
      "signed-out",
    ], complained);
  });
});

/** React Native is there without what it depends on, which is Metro and other tools. */
async function bundle({ directory }: Platform, functionsUrl: string): Promise<void> {
  const auth = await Deno.readTextFile(`${directory}/auth.js`);
  await Deno.writeTextFile(
    `${directory}/auth.js`,
    auth.replace("http://127.0.0.1:54321/functions/v1", functionsUrl),
  );
  await run("node", ["bundle.js"], directory);
}

/** A query of `RCTNetworking`, as far as it is used. */
interface NativeQuery {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: { readonly string?: string };
}

interface NativeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly base64: string;
}

interface Phone {
  readonly auth: AuthClient;
  isOnline: boolean;
  readonly requests: readonly string[];
  readonly complaints: readonly unknown[];
  /** Its own, which is not the browser's. */
  abortController(): AbortController;
  emit(event: string, detail: unknown): void;
  /** NetInfo's state. */
  setConnected(isConnected: boolean): void;
  /** In the background: time passes, and timers that come due meanwhile do not fire. */
  sleep(milliseconds: number): Promise<void>;
}

/**
 * React Native's JavaScript in a realm with nothing but the language: its own `fetch`, `URL` and
 * `AbortController`, over a network that keeps cookies as a phone's does.
 */
function startPhone(script: string): Phone {
  const jar = new CookieJar();
  const requests: string[] = [];
  const complaints: unknown[] = [];
  let isAsleep = false;

  async function send(query: NativeQuery): Promise<NativeAnswer | null> {
    const { method, url, headers, data } = query;
    requests.push(url);
    if (!phone.isOnline) return null;
    const response = await fetch(url, {
      method,
      headers: { ...headers, cookie: await jar.getCookieString(url) },
      ...(data.string !== undefined && { body: data.string }),
    });
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url);
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      base64: Buffer.from(await response.arrayBuffer()).toString("base64"),
    };
  }

  const realm = createContext({
    setTimeout: (fire: () => void, delayMs: number) =>
      setTimeout(() => isAsleep || fire(), delayMs),
    clearTimeout,
    queueMicrotask,
    performance: { now: () => performance.now() },
    console: { error: (message: unknown) => void complaints.push(message) },
    sendNative: (query: NativeQuery, respond: (answer: NativeAnswer | null) => void) =>
      void send(query).then(respond),
  });
  runInContext(script, realm);
  const phone: Phone = {
    auth: realm["auth"],
    isOnline: true,
    requests,
    complaints,
    abortController: () => runInContext("new AbortController()", realm),
    emit: realm["emitNative"],
    setConnected: realm["setConnected"],
    async sleep(milliseconds) {
      isAsleep = true;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      isAsleep = false;
    },
  };
  return phone;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "never as wanted");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
