import assert from "node:assert/strict";
import fc from "fast-check";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import {
  firstRefreshToken,
  readRefreshToken,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { keys, UNBOUND_START } from "../../unit/functions/arbitraries.ts";
import { createAppInProcess, storeThat } from "./app_in_process.ts";
import { mutatedTokens } from "./mutations.ts";

const calls: string[] = [];
/** If forged tokens caused database calls, they could flood it. */
const store = storeThat((method) => {
  calls.push(method);
  return Promise.reject(new TypeError("The database must not be called"));
});
const app = createAppInProcess(store);

function issue(): string {
  return firstRefreshToken({
    ...UNBOUND_START,
    sessionId: crypto.randomUUID() as SessionId,
    secret: crypto.getRandomValues(new Uint8Array(32)),
  }, keys.signing).raw;
}

async function present(token: string): Promise<Response> {
  return await app.request("https://abc.supabase.co/unified-auth/refresh", {
    method: "POST",
    headers: { cookie: `__Host-session_refresh=${token}` },
  });
}

Deno.test("10,000 mutated refresh tokens cause no database call and clear no cookie", async () => {
  const [genuine, other] = [issue(), issue()];
  await fc.assert(
    fc.asyncProperty(mutatedTokens(genuine, other), async (token) => {
      assert.equal(readRefreshToken(token, keys), null);
      const response = await present(token);
      assert.equal(response.status, 401);
      assert.match(await response.text(), /"code":"refresh_token_(invalid|missing)"/);
      assert.equal(response.headers.get("set-cookie"), null);
    }),
    { numRuns: 10_000 },
  );
  assert.deepEqual(calls, []);
});

Deno.test("the genuine token does ask the database", async () => {
  const response = await present(issue());
  await response.body?.cancel();
  assert.deepEqual(calls.splice(0), ["rotateSession"]);
});
