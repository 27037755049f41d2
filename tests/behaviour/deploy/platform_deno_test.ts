import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import type { Release } from "../../../local/platform/stack.ts";
import { sendRaw } from "../attack/requests.ts";
import { type Browser, FIREFOX, viewOf } from "../http/browser.ts";
import { type HttpFixture, openHttpFixture } from "../http/fixture.ts";
import { type Operation, readContract } from "../http/openapi_document.ts";
import { createProofKey } from "../http/proof_key.ts";
import { openPlatformRelease, PLATFORM_DENO } from "./platform_deno.ts";

const release = await openPlatformRelease();
Deno.test.afterAll(async () => await release[Symbol.asyncDispose]());

/** The parts of an answer that do not change from one run to the next. */
interface Seen {
  readonly status: number;
  readonly code: unknown;
  readonly members: readonly string[];
  readonly cookies: readonly string[];
}

/** Sends the example of an operation, or a request without a body, and follows no redirect. */
async function play(
  { stack }: HttpFixture,
  { path, method, requestBody, responses }: Operation,
  browser: Browser,
): Promise<Seen> {
  const [ownSession] = browser.cookies.size === 0 ? [] : [viewOf(await browser.validate())];
  const id = ownSession?.session.id ?? "00000000-0000-4000-8000-000000000000";
  const example = requestBody?.content["application/json"]?.example;
  const response = await fetch(`${stack.functionsUrl}${path.replace("{id}", id)}`, {
    method,
    redirect: "manual",
    headers: {
      "user-agent": FIREFOX,
      cookie: [...browser.cookies].map((pair) => pair.join("=")).join("; "),
      ...(example === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(example === undefined ? {} : { body: JSON.stringify(example) }),
  });
  const text = await response.text();
  const shape = `${method} ${path}: ${response.status} ${text.slice(0, 200)}`;
  assert.ok(response.status < 500 && response.status in responses, shape);
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const body: Record<string, unknown> = isJson ? JSON.parse(text) : {};
  return {
    status: response.status,
    code: body["code"] ?? null,
    members: Object.keys(body).sort(),
    cookies: response.headers.getSetCookie().map((line) => line.replace(/=.*/, "")).sort(),
  };
}

/** Every route, as somebody who is not signed in and as somebody who is. */
async function playAll(
  environment: Readonly<Record<string, string>>,
  release?: Release,
): Promise<Readonly<Record<string, Seen>>> {
  const fixture = await openHttpFixture({ environment, ...(release ? { release } : {}) });
  try {
    const { body: document } = await sendRaw(
      `${fixture.stack.functionsUrl}/unified-auth/openapi.json`,
      { method: "GET" },
    );
    const seen: Record<string, Seen> = {};
    for (const operation of readContract(document).operations) {
      const route = `${operation.method} ${operation.path}`;
      seen[`${route}, signed out`] = await play(fixture, operation, fixture.openBrowser());
      const { browser } = await fixture.signIn();
      seen[`${route}, signed in`] = await play(fixture, operation, browser);
    }
    return seen;
  } finally {
    await fixture.close();
  }
}

for (const store of ["data-api", "postgres"]) {
  Deno.test(`Deno ${PLATFORM_DENO} answers every route as today's Deno does, over ${store}`, async () => {
    const environment = { SESSION_STORE: store };
    const today = await playAll(environment);
    assert.ok(Object.keys(today).length >= 48, "no route is left out");
    assert.deepEqual(await playAll(environment, release), today);
  });
}

Deno.test(`Deno ${PLATFORM_DENO} binds a session to a browser's key and rotates it`, async () => {
  const fixture = await openHttpFixture({ functions: ["unified-auth"], release });
  try {
    const { browser, sessionId } = await fixture.signIn({ key: await createProofKey() });
    const { refreshToken } = browser;
    await ageSession(fixture.sql, sessionId, 3_700);
    const refreshed = await browser.refresh();
    assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body));
    assert.notEqual(browser.refreshToken, refreshToken);
    assert.notEqual((await fixture.readSession(sessionId))["key_thumbprint"], null);
    const stolen = await browser.copy({ key: null }).refresh();
    assert.deepEqual([stolen.status, stolen.body["code"]], [401, "proof_required"]);
  } finally {
    await fixture.close();
  }
});
