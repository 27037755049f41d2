import assert from "node:assert/strict";
import { type ArenaServer, openStandIn } from "./stand_ins/arena.ts";
import { gotrue } from "./stand_ins/gotrue.ts";
import { createRotatingSessions } from "./stand_ins/rotating_sessions.ts";

/** Posts to the stand-in's token endpoint; the refresh token of the answer, or the error's code. */
async function grant(
  { answer }: ArenaServer,
  type: string,
  refreshToken?: string,
): Promise<string> {
  const reply = await answer(
    new Request(`http://127.0.0.1/auth/v1/token?grant_type=${type}`, {
      method: "POST",
      body: JSON.stringify({ refresh_token: refreshToken }),
    }),
  );
  const { refresh_token, code } = await reply?.[1].json();
  return refresh_token ?? code;
}

Deno.test("the stand-in of Supabase Auth gives the parent of the active token the active one, at any age", async () => {
  const standIn = openStandIn(gotrue, { accessTtlSeconds: 3600 });
  const first = await grant(standIn, "password");
  const second = await grant(standIn, "refresh_token", first);
  await standIn.passTime(86_400);
  assert.equal(await grant(standIn, "refresh_token", first), second);
});

Deno.test("the stand-in of Supabase Auth forgives an older token for ten seconds, then ends the session", async () => {
  const standIn = openStandIn(gotrue, { accessTtlSeconds: 3600 });
  const first = await grant(standIn, "password");
  const second = await grant(standIn, "refresh_token", first);
  const third = await grant(standIn, "refresh_token", second);
  assert.equal(await grant(standIn, "refresh_token", first), third);
  await standIn.passTime(11);
  assert.equal(await grant(standIn, "refresh_token", first), "refresh_token_already_used");
  assert.equal(await grant(standIn, "refresh_token", third), "refresh_token_already_used");
});

Deno.test("a stand-in knows whether a successor was used, directly or by its access token", () => {
  const used: boolean[] = [];
  const sessions = createRotatingSessions({
    accessTtlSeconds: 60,
    allowsReuse: ({ successorUsed }) => {
      used.push(successorUsed);
      return true;
    },
  });
  const first = sessions.open();
  const second = sessions.rotate(first.refreshToken);
  sessions.rotate(first.refreshToken);
  assert.equal(sessions.accepts(second?.accessToken), true);
  sessions.rotate(first.refreshToken);
  assert.deepEqual(used, [false, true]);
  sessions.passTime(61);
  assert.equal(sessions.accepts(second?.accessToken), false);
});
