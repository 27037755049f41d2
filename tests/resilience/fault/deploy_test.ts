import assert from "node:assert/strict";
import type postgres from "postgres";
import type { FunctionProcess } from "../../../local/platform/function_processes.ts";
import { generateKeys } from "../../../local/keys.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { ACCESS_COOKIE, codeOf, viewOf } from "../../behaviour/http/browser.ts";
import { newSessionSecret, sessionSecretOf } from "../../behaviour/http/instance_with_secrets.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";
import {
  ageCrowd,
  askUntilAnswered,
  assertHeldByRows,
  countOutcomes,
  inLanes,
  type Member,
  signInCrowd,
} from "./crowd.ts";

const CROWD = 60;
const AT_ONCE = 12;

interface Scene extends AsyncDisposable {
  readonly stack: TestStack;
  readonly sql: postgres.Sql;
  readonly crowd: readonly Member[];
  /** Two processes side by side; the gateway asks them in turn. */
  readonly instances: readonly FunctionProcess[];
}

async function openScene(count = CROWD): Promise<Scene> {
  const server = await openTestServer();
  const stack = await server.startStack({ functions: ["unified-auth"], instances: 2 });
  const sql = stack.database.connect({ max: 8 });
  return {
    stack,
    sql,
    crowd: await signInCrowd({ functionsUrl: stack.functionsUrl, sql }, count),
    instances: stack.functions["unified-auth"] ?? [],
    async [Symbol.asyncDispose]() {
      await stack.stop();
      await server.close();
    },
  };
}

/** Every browser refreshes, retrying as a client does, while `deploy` goes on in the middle of it. */
async function refreshDuring(
  { crowd }: Pick<Scene, "crowd">,
  deploy: () => Promise<void>,
): Promise<readonly (number | "lost")[]> {
  const underWay = Promise.withResolvers<void>();
  let answered = 0;
  const refreshing = inLanes(AT_ONCE, crowd, async ({ browser, sessionId }) => {
    const { answer, before } = await askUntilAnswered(() => browser.refresh());
    assert.equal(viewOf(answer).session.id, sessionId);
    if (++answered >= crowd.length / 4) underWay.resolve();
    return before;
  });
  await underWay.promise;
  await deploy();
  return (await refreshing).flat();
}

Deno.test("a process that is stopped while it answers refreshes loses nobody, nor does the one in its place", async () => {
  await using scene = await openScene();
  const { sql, crowd, instances } = scene;
  const interruptions: (number | "lost")[] = [];
  let generation = 1;
  for (const instance of instances) {
    for (const end of [instance.stop, instance.kill]) {
      await ageCrowd(sql, crowd);
      interruptions.push(
        ...await refreshDuring(scene, async () => {
          await end();
          await instance.restart();
        }),
      );
      generation += 1;
      await assertHeldByRows(sql, crowd, { generation });
    }
  }
  assert.ok(interruptions.length > 0, "no refresh noticed anything");
  const { rotated, unchanged: _, replayed: __, ...others } = await countOutcomes(sql, crowd);
  assert.deepEqual([rotated, others], [CROWD * 4, {}]);
});

Deno.test("session secrets that are changed step by step, process by process, sign nobody out", async () => {
  await using scene = await openScene(CROWD / 2);
  const { stack, sql, crowd, instances } = scene;
  const older = sessionSecretOf(stack);
  const newer = await newSessionSecret();
  let generation = 1;
  for (const secrets of [[older, newer], [newer, older], [newer]]) {
    for (const instance of instances) {
      await ageCrowd(sql, crowd);
      await refreshDuring(scene, () => instance.restart({ SESSION_SECRET: secrets.join(",") }));
      // Either process rotates, and both know what it wrote.
      await ageCrowd(sql, crowd);
      await inLanes(AT_ONCE, crowd, async ({ browser }) => {
        viewOf(await browser.refresh());
        for (const { url } of instances) {
          viewOf(await browser.copy({ functionsUrl: url }).refresh());
        }
      });
      generation += 2;
      await assertHeldByRows(sql, crowd, { generation });
    }
  }
});

Deno.test("signing keys that are changed step by step, process by process, refuse no access token", async () => {
  await using scene = await openScene(8);
  const { stack, sql, crowd, instances } = scene;
  const older = stack.environment["SESSION_SIGNING_KEYS"] ?? "";
  const newer = (await generateKeys()).SESSION_SIGNING_KEYS;
  for (const keys of [[older, newer], [newer, older]]) {
    for (const instance of instances) {
      await instance.restart({ SESSION_SIGNING_KEYS: `[${keys.join(",")}]` });
      await ageCrowd(sql, crowd);
      await inLanes(AT_ONCE, crowd, async ({ browser }) => {
        viewOf(await browser.refresh());
        for (const { url } of instances) {
          const { validate } = browser.copy({ functionsUrl: url });
          viewOf(await validate({ body: { refresh: "never" } }));
        }
      });
    }
  }
});

Deno.test("of a secret that is put first at once an old process knows no token: it refuses them, and clears no cookie", async () => {
  await using scene = await openScene(1);
  const { stack, sql, crowd, instances } = scene;
  const [old, fresh] = instances;
  const { browser, sessionId } = crowd[0] ?? assert.fail();
  const at = (instance: FunctionProcess | undefined) =>
    browser.copy({ functionsUrl: instance?.url ?? assert.fail() });
  await fresh?.restart({
    SESSION_SECRET: [await newSessionSecret(), sessionSecretOf(stack)].join(","),
  });

  await ageCrowd(sql, crowd);
  const beforeIt = at(old);
  const rotated = at(fresh);
  viewOf(await rotated.refresh());
  const withNewToken = rotated.copy({ functionsUrl: old?.url ?? assert.fail() });
  withNewToken.cookies.delete(ACCESS_COOKIE);
  assertRefused(await withNewToken.refresh(), "refresh_token_invalid");
  assertRefused(await withNewToken.validate(), "refresh_token_invalid");
  // A second tab with the token before: the row names a key that this process does not have.
  assertRefused(await beforeIt.refresh(), "service_unavailable");

  const healed = withNewToken.copy({ functionsUrl: fresh?.url ?? assert.fail() });
  assert.equal(viewOf(await healed.refresh()).session.id, sessionId);
  assert.equal(codeOf(await healed.validate()), "200");
});
