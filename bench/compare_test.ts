import assert from "node:assert/strict";

Deno.test("a hasty comparison measures our functions, a floor and PostgreSQL alone", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--no-check",
      new URL("compare.ts", import.meta.url).pathname,
      "--quick",
      "--only=refresh, direct, ES256",
      "--only=Deno.serve + rotation, ES256",
    ],
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.match(said, /\| refresh, direct, ES256 +\|(?: +[\d,.]+ +\|){4}/);
  assert.match(
    said,
    /\| refresh, direct, ES256 to Deno\.serve \+ rotation, ES256 \| ≥ 0\.75 \| \d/,
  );
});
