import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Browser, REFRESH_COOKIE, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";

const PRESENT_COOKIE = "__Host-session_present";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

async function signInWithout(name: string): Promise<Browser> {
  const { browser } = await fixture.signIn();
  assert.ok(browser.cookies.delete(name));
  return browser;
}

Deno.test("a browser that lacks only the readable cookie is given it by its next validate, and nothing else", async () => {
  const browser = await signInWithout(PRESENT_COOKIE);
  const answer = await browser.validate();
  viewOf(answer);
  const [line = "", ...others] = answer.setCookies;
  assert.match(line, /^__Host-session_present=1; Max-Age=\d+; Path=\/; Secure; SameSite=Lax$/);
  const maxAgeSeconds = Number(/Max-Age=(\d+)/.exec(line)?.[1]);
  assert.ok(maxAgeSeconds <= 2_592_000 && maxAgeSeconds > 2_592_000 - 60, line);
  assert.deepEqual(others, []);
  assert.deepEqual((await browser.validate()).setCookies, []);
});

Deno.test("validate-session sets no cookie, nor does a validate that never refreshes", async () => {
  const browser = await signInWithout(PRESENT_COOKIE);
  const seen = await browser.call("/validate-session");
  assert.deepEqual([seen.body["valid"], seen.setCookies], [true, []]);
  const { status, setCookies } = await browser.validate({ body: { refresh: "never" } });
  assert.deepEqual([status, setCookies], [200, []]);
});

Deno.test("without the session's refresh cookie nobody is given the readable one", async () => {
  const { accessToken = "" } = await signInWithout(PRESENT_COOKIE);
  const program = await fixture.openBrowser().validate({
    headers: { authorization: `Bearer ${accessToken}` },
  });
  assert.deepEqual([program.status, program.setCookies], [200, []]);
});

Deno.test("the readable cookie alone is nobody: no route answers it otherwise than an empty jar", async () => {
  const cookies = new Map([[PRESENT_COOKIE, "1"]]);
  for (const path of ["/unified-auth/validate", "/unified-auth/refresh", "/validate-session"]) {
    const [presented, empty] = [
      await fixture.openBrowser({ cookies }).call(path),
      await fixture.openBrowser().call(path),
    ];
    assert.equal(presented.status, 401, path);
    assert.deepEqual(
      [presented.body["code"], presented.setCookies],
      [empty.body["code"], []],
      path,
    );
  }
});

Deno.test("no value of the readable cookie changes what a session is answered", async () => {
  const { browser } = await fixture.signIn();
  for (const value of ["0", "false", browser.refreshToken ?? "", "x".repeat(3_000)]) {
    browser.cookies.set(PRESENT_COOKIE, value);
    assert.deepEqual((await browser.validate()).setCookies, []);
  }
});

Deno.test("every answer that carries the refresh cookie carries the readable one", async () => {
  const { browser, sessionId } = await fixture.signIn();
  await ageSession(fixture.sql, sessionId, 120);
  const refreshed = await browser.refresh();
  browser.cookies.delete(ACCESS_COOKIE);
  const validated = await browser.validate();
  for (const { setCookies } of [refreshed, validated]) {
    const names = setCookies.map((line) => line.split("=")[0]);
    assert.deepEqual(names, [ACCESS_COOKIE, REFRESH_COOKIE, PRESENT_COOKIE]);
  }
});
