import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { makePlace, run, start } from "./start_fixture.ts";

const { ada } = SEED_USERS;
const VALIDATE = "/functions/v1/unified-auth/validate";

async function post(url: string, { body = {}, cookie = "" } = {}): Promise<Response> {
  return await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify(body),
  });
}

Deno.test("start serves, keeps its data over a restart and a crash, and reset begins anew", async () => {
  await using place = await makePlace();
  const { environment, directory } = place;
  let cookie: string;
  {
    await using started = await start(environment);
    assert.equal(started.baseUrl, `http://127.0.0.1:${place.port}`);
    assert.match(started.output, /ada@example\.com .* correct-horse-battery-staple/);
    assert.equal(started.output.match(/^ {2}curl /gm)?.length, 3);

    const login = await post(`${started.baseUrl}/functions/v1/unified-auth/login`, {
      body: { email: ada.email, password: ada.password },
    });
    assert.equal(login.status, 200, await login.text());
    const cookies = login.headers.getSetCookie();
    assert.equal(cookies.length, 3);
    for (const line of cookies) {
      assert.match(line, /^session_(access|refresh|present)=(?!.*Secure)/); // Safari
    }
    cookie = cookies.map((line) => line.split(";")[0]).join("; ");

    const second = await run("start", environment);
    assert.equal(second.code, 1);
    assert.match(second.output, /already runs on .* stop it first/);
    const reset = await run("reset", environment);
    assert.deepEqual([reset.code, /already runs/.test(reset.output)], [1, true]);

    assert.equal(await started.stop(), 0);
  }
  assert.equal(((await Deno.stat(`${directory}/secrets.json`)).mode ?? 0) & 0o777, 0o600);
  {
    await using started = await start(environment);
    assert.doesNotMatch(started.output, /Applying/);
    const validate = await post(`${started.baseUrl}${VALIDATE}`, { cookie });
    assert.equal(validate.status, 200, await validate.text());

    const pidFile = await Deno.readTextFile(`${directory}/postgres/postmaster.pid`);
    Deno.kill(Number(pidFile.split("\n")[0]), "SIGKILL");
    await started.untilSaid("The database ended (SIGKILL)");
    const without = await post(`${started.baseUrl}${VALIDATE}`, { cookie });
    assert.equal(without.status, 503, await without.text());
    assert.deepEqual(without.headers.getSetCookie(), []);
    assert.equal(await started.stop(), 0);
  }
  {
    await using started = await start(environment);
    const validate = await post(`${started.baseUrl}${VALIDATE}`, { cookie });
    assert.equal(validate.status, 200, await validate.text());
  }
  const reset = await run("reset", environment);
  assert.deepEqual([reset.code, /begins anew/.test(reset.output)], [0, true]);
  assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["lock"]);
});

Deno.test("start serves from a folder that its owner alone may enter, as root's home is", async () => {
  await using place = await makePlace();
  await Deno.chmod(place.directory.replace(/\/data$/, ""), 0o700);
  {
    await using started = await start(place.environment);
    const answer = await post(`${started.baseUrl}${VALIDATE}`);
    assert.equal(answer.status, 401, await answer.text());
  }
  assert.equal((await run("reset", place.environment)).code, 0);
});

Deno.test("start says what is in its way, in one line, and what to do", async () => {
  await using place = await makePlace();
  const { environment, directory, port, databasePort } = place;
  const refusal = async (more: Record<string, string> = {}) => {
    const { code, output } = await run("start", { ...environment, ...more });
    assert.equal(code, 1);
    return output.trim().split("\n").at(-1) ?? "";
  };

  assert.match(await refusal({ UNIFIED_AUTH_PORT: "http" }), /UNIFIED_AUTH_PORT must be a port/);
  {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port });
    assert.match(await refusal(), new RegExp(`^Port ${port} is taken: .*UNIFIED_AUTH_PORT`));
  }
  {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: databasePort });
    assert.match(await refusal(), new RegExp(`^Port ${databasePort} is taken: .*_DB_PORT`));
  }
  await Deno.writeTextFile(`${directory}/postgres/global/pg_control`, "not a control file");
  assert.match(await refusal(), /is damaged .*deno task reset/);
  await Deno.writeTextFile(`${directory}/postgres/PG_VERSION`, "16\n");
  assert.match(await refusal(), /made by PostgreSQL 16, this is 17: .*deno task reset/);
  await Deno.remove(`${directory}/postgres/PG_VERSION`);
  assert.match(await refusal(), /PG_VERSION is missing.*deno task reset/);
});
