import assert from "node:assert/strict";
import { parseEnv } from "node:util";
import { formatEnvFile, generateKeys } from "../../../local/keys.ts";
import { type Config, readConfig } from "../../../supabase/functions/_shared/config/config.ts";

const PLATFORM: Readonly<Record<string, string>> = {
  SUPABASE_URL: "https://abc.supabase.co",
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_one"}',
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_one"}',
};

function readWith(variables: Readonly<Record<string, string | undefined>>): Config {
  return readConfig((name) => ({ ...PLATFORM, ...variables })[name]);
}

Deno.test("the command prints an env file that the functions start with, and nothing else on stdout", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("../../../local/keys.ts", import.meta.url).href],
  }).output();
  const printed = new TextDecoder().decode(stdout);
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.match(printed, /^SESSION_SECRET='[^'\n]+'\nSESSION_SIGNING_KEYS='[^'\n]+'\n$/);
  assert.match(new TextDecoder().decode(stderr), /supabase secrets set --env-file/);
  const config = readWith(parseEnv(printed));
  assert.equal(config.signingKeys[0]?.alg, "ES256");
});

Deno.test("an env file is read back as the settings that were written", async () => {
  const settings = await generateKeys();
  assert.deepEqual({ ...parseEnv(formatEnvFile(settings)) }, settings);
});

Deno.test("no two runs print the same keys", async () => {
  const [one, other] = [await generateKeys(), await generateKeys()];
  assert.notEqual(one.SESSION_SECRET, other.SESSION_SECRET);
  assert.notEqual(one.SESSION_SIGNING_KEYS, other.SESSION_SIGNING_KEYS);
});

Deno.test("new keys may be appended and then put before the old ones, as the hints say", async () => {
  const [fresh, old] = [await generateKeys(), await generateKeys()];
  for (const order of [[old, fresh], [fresh, old]]) {
    const config = readWith({
      SESSION_SECRET: order.map((keys) => keys.SESSION_SECRET).join(","),
      SESSION_SIGNING_KEYS: `[${order.map((keys) => keys.SESSION_SIGNING_KEYS).join(",")}]`,
    });
    assert.deepEqual(config.sessionSecrets, order.map((keys) => keys.SESSION_SECRET));
    assert.deepEqual(
      config.signingKeys.map(({ kid }) => kid),
      order.map((keys) => JSON.parse(keys.SESSION_SIGNING_KEYS).kid),
    );
  }
});
