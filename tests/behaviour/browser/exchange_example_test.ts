/** The examples of `docs/sign-in.md`, as they stand there, in a page of Chromium. */

import assert from "node:assert/strict";
import { buildSync } from "esbuild";
import { readDocument } from "../docs/markdown.ts";
import { addTotp } from "../sign_in/authenticator.ts";
import { arriveAt, evaluate, intercept } from "../../harness/browser/page.ts";
import {
  answerProvider,
  emailIn,
  openSignInStage,
  type Person,
  type SignInBrowser,
} from "./sign_in_stage.ts";
import { findTraces } from "./token_traces.ts";

const stage = await openSignInStage();
Deno.test.afterAll(() => stage.close());

const { app, issued, stack, withBrowsers } = stage;
const ROOT = new URL("../../../", import.meta.url);
const PROJECT = { url: stack.baseUrl, publishableKey: stack.keys.publishable };

/** Each example for a page: what it exports is within reach as `example`, its client as `session`. */
async function bundleExamples(): Promise<readonly string[]> {
  const document = await readDocument("docs/sign-in.md");
  return [...document.matchAll(/^```ts check\n([\s\S]*?)^```$/gm)].map(([, contents = ""]) => {
    // At once: a process of esbuild's own would outlive this.
    const { outputFiles } = buildSync({
      stdin: { contents, loader: "ts", resolveDir: ROOT.pathname },
      alias: { "@unified-auth/client": new URL("client/src/index.ts", ROOT).pathname },
      bundle: true,
      format: "iife",
      globalName: "example",
      footer: { js: "globalThis.session = example.auth;" },
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return outputFiles[0]?.text ?? assert.fail("nothing was bundled");
  });
}

const [direct, redirected] = await bundleExamples();

/** A tab in which every write to a storage is kept. */
async function watchStorages({ page }: SignInBrowser): Promise<void> {
  await page.evaluateOnNewDocument(`
    globalThis.written = [];
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (key, value) {
      written.push(key + "=" + value);
      return setItem.call(this, key, value);
    };`);
}

/** Gives the page that is open the example. */
async function loadExample({ page }: SignInBrowser, script = ""): Promise<void> {
  await page.addScriptTag({ content: script });
  assert.equal(await emailIn(page), null);
}

async function openExample(browser: SignInBrowser): Promise<void> {
  await watchStorages(browser);
  await browser.page.goto(`${app}/example`);
  await loadExample(browser, direct);
}

/** Runs the example with this way to sign in; answers what the exchange came to. */
function exchange(
  { page }: SignInBrowser,
  signIn: string,
): Promise<{ readonly kind: string; readonly code?: string }> {
  return evaluate(page, `example.signInWithSupabase(${JSON.stringify(PROJECT)}, ${signIn})`);
}

const byPassword = ({ email, password }: Person) =>
  `supabase.auth.signInWithPassword(${JSON.stringify({ email, password })})`;

async function assertNothingIsLeft({ page }: SignInBrowser, person: Person): Promise<void> {
  const written = await evaluate<readonly string[]>(page, "written");
  assert.deepEqual(written.filter((text) => /eyJ|sb-|supabase/.test(text)), []);
  const kept = "Object.keys({ ...localStorage, ...sessionStorage })";
  const keys = await evaluate<readonly string[]>(page, kept);
  assert.deepEqual(keys.filter((key) => key.startsWith("sb-")), []);
  const traces = await findTraces(page, { secrets: issued });
  // A page of an SSO was loaded with a code in its address, which is used up.
  assert.deepEqual(traces.filter((trace) => !trace.startsWith("loaded addresses:")), []);
  const [row] = await stage.sql`
    select count(*)::int as sessions from auth.sessions where user_id = ${person.id}`;
  assert.equal(row?.["sessions"], 0);
}

Deno.test("the documented exchange signs in and never writes a token of Supabase Auth into a storage", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    await openExample(browser);
    const outcome = await exchange(
      browser,
      `async (supabase) => (await ${byPassword(person)}).data.session`,
    );
    assert.equal(outcome.kind, "signed-in");
    assert.equal(await emailIn(browser.page), person.email);
    await assertNothingIsLeft(browser, person);
  }));

Deno.test("the documented exchange takes a second factor that was given to supabase-js", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const authenticator = await addTotp(stack, person);
    await openExample(browser);
    const early = await exchange(
      browser,
      `async (supabase) => (await ${byPassword(person)}).data.session`,
    );
    assert.deepEqual([early.kind, early.code], ["refused", "mfa_required"]);
    await assertNothingIsLeft(browser, person);

    const factor = JSON.stringify({ factorId: authenticator.id, code: authenticator.code() });
    const outcome = await exchange(
      browser,
      `async (supabase) => {
        await ${byPassword(person)};
        await supabase.auth.mfa.challengeAndVerify(${factor});
        return (await supabase.auth.getSession()).data.session;
      }`,
    );
    assert.equal(outcome.kind, "signed-in");
    assert.equal((await stage.readSession(person))?.["aal"], "aal2");
    await assertNothingIsLeft(browser, person);
  }));

Deno.test("the documented SSO keeps the verifier in its tab, signs in, and leaves nothing", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    // The stand-in has no SSO; its OAuth takes the same way back.
    await intercept(page, /\/auth\/v1\/sso$/, (request) => {
      if (request.method() === "OPTIONS") return request.continue();
      const { code_challenge, code_challenge_method, redirect_to } = JSON.parse(
        request.postData() ?? "",
      );
      const provider = new URL(`${stack.baseUrl}/auth/v1/authorize?provider=keycloak`);
      const query = { redirect_to, code_challenge, code_challenge_method };
      for (const [name, value] of Object.entries(query)) provider.searchParams.set(name, value);
      return request.respond({
        headers: { "access-control-allow-origin": "*" },
        contentType: "application/json",
        body: JSON.stringify({ url: provider.href }),
      });
    });
    await watchStorages(browser);
    await page.goto(`${app}/sso`);
    await loadExample(browser, redirected);
    assert.equal(await page.evaluate(`example.finishSso(${JSON.stringify(PROJECT)})`), null);
    const project = JSON.stringify(PROJECT);
    await page.evaluate(`void example.leaveForSso(${project}, "example.com")`);
    await answerProvider(page, person.email);
    await arriveAt(page, /\/sso\?code=/);
    await loadExample(browser, redirected);
    const outcome = `example.finishSso(${project}).then(({ kind }) => kind)`;
    assert.equal(await page.evaluate(outcome), "signed-in");
    assert.equal(page.url(), `${app}/sso`);
    assert.equal(await emailIn(page), person.email);
    await assertNothingIsLeft(browser, person);
  }));
