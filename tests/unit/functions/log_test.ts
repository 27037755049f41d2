import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  RawAccessToken,
  RawRefreshToken,
  SessionId,
} from "../../../supabase/functions/_shared/brands.ts";
import {
  createLogger,
  type Logger,
  type LogLevel,
} from "../../../supabase/functions/_shared/log.ts";
import { encodeRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { anyText, keys, tokenParts } from "./arbitraries.ts";

const JWT = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";

function createRecorder(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { log: createLogger({ write, now: () => new Date(1_700_000_000_000) }), lines };
}

/** The line that one entry becomes. */
function record(write: (log: Logger) => void): string {
  const { log, lines } = createRecorder();
  write(log);
  assert.equal(lines.length, 1);
  return lines[0] ?? "";
}

Deno.test("an entry is one line of JSON: level, time and message first, then its fields", () => {
  const line = record((log) =>
    log.warn("refresh refused", { session_id: "s", duration_ms: 1.5, found: false, user_id: null })
  );
  assert.equal(
    line,
    '{"level":"warn","time":"2023-11-14T22:13:20.000Z","msg":"refresh refused",' +
      '"session_id":"s","duration_ms":1.5,"found":false,"user_id":null}',
  );
});

Deno.test("each entry says its level to the writer", () => {
  const written: LogLevel[] = [];
  const write = (_line: string, of: LogLevel) => void written.push(of);
  const log = createLogger({ write, now: () => new Date(0) });
  log.info("a");
  log.warn("a");
  log.error("a");
  assert.deepEqual(written, ["info", "warn", "error"]);
});

Deno.test("a logger made from another adds its fields to each entry, and a later field wins", () => {
  const line = record((log) =>
    log.with({ request_id: "r", try: 1 }).with({ try: 2 }).info("m", { more: 3 })
  );
  assert.deepEqual(Object.entries(JSON.parse(line)).slice(2), [
    ["msg", "m"],
    ["request_id", "r"],
    ["try", 2],
    ["more", 3],
  ]);
});

Deno.test("a field that is undefined is left out", () => {
  assert.equal("gone" in JSON.parse(record((log) => log.info("m", { gone: undefined }))), false);
});

Deno.test("no text breaks the line or the JSON, and all of it is read back", () => {
  fc.assert(fc.property(anyText(200), anyText(200), (msg, value) => {
    const line = record((log) => log.info(msg, { value }));
    assert.doesNotMatch(line, /[\n\r\u007f-\u009f\u2028\u2029]/);
    const entry = JSON.parse(line);
    assert.deepEqual([entry.msg, entry.value], [msg, value]);
  }));
});

Deno.test("a forged entry inside of a value stays inside of it", () => {
  const forged = 'x"}\n{"level":"error","msg":"forged"}';
  const line = record((log) => log.info("login failed", { user_agent: forged }));
  assert.deepEqual(JSON.parse(line).user_agent, forged);
  assert.equal(line.split("\n").length, 1);
});

Deno.test("a token inside of a text is redacted, wherever it stands and however long the text is", () => {
  const text = fc.oneof(anyText(30), fc.constantFrom("x".repeat(3_000), "a ".repeat(480)));
  fc.assert(fc.property(tokenParts, text, text, (parts, before, after) => {
    const raw: string = encodeRefreshToken(parts, keys.signing);
    for (const token of [raw, JWT]) {
      const said = `${before}${token}${after}`;
      for (
        const line of [
          record((log) => log.error(said)),
          record((log) => log.error("m", { detail: said })),
          record((log) => log.with({ detail: said }).error("m")),
        ]
      ) {
        assert.ok(!line.includes(token.slice(0, 24)), line);
        assert.ok(!line.includes(token.slice(-24)), line);
      }
    }
  }));
});

Deno.test("a secret key of the project is redacted, and what is no secret stays", () => {
  const line = record((log) =>
    log.info("m", {
      detail: "key sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz refused",
      id: "00112233-4455-6677-8899-aabbccddeeff",
      user_agent:
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0",
    })
  );
  const { detail, id, user_agent } = JSON.parse(line);
  assert.equal(detail, "key [redacted] refused");
  assert.equal(id, "00112233-4455-6677-8899-aabbccddeeff");
  assert.match(user_agent, /^Mozilla.*0$/);
});

Deno.test("a line stays JSON under 10,000 characters: values are cut, then the last fields go", () => {
  const long = "\u0001".repeat(5_000); // each becomes six characters
  const line = record((log) =>
    log.with({ request_id: "r" }).error(long, { a: long, b: "last", c: "later" })
  );
  assert.ok(line.length <= 10_000);
  const entry = JSON.parse(line);
  assert.deepEqual(Object.keys(entry), ["level", "time", "msg", "request_id", "truncated"]);
  assert.equal(entry.msg.length, 1_000);
  fc.assert(fc.property(
    fc.array(fc.tuple(anyText(50), fc.integer({ min: 0, max: 3_000 })), { maxLength: 30 }),
    (fields) => {
      const many = Object.fromEntries(fields.map(([name, length]) => [name, "\n".repeat(length)]));
      const bounded = record((log) => log.info("m", many));
      assert.ok(bounded.length <= 10_000);
      assert.equal(JSON.parse(bounded).msg, "m");
    },
  ));
});

Deno.test("redaction takes linear time, whatever is logged", () => {
  for (const shape of ["eyJ", "eyJ.", "A", "sb_secret_", "A.", "a".repeat(79) + " "]) {
    const text = shape.repeat(200_000 / shape.length);
    const start = performance.now();
    record((log) => log.info("m", { text }));
    const elapsedMs = performance.now() - start;
    assert.ok(elapsedMs < 1_000, `${shape}: ${elapsedMs} ms`); // quadratic: minutes
  }
});

Deno.test("raw tokens, errors, objects and reserved names do not compile as fields", () => {
  const { log } = createRecorder();
  const refreshToken = "r" as RawRefreshToken;
  const accessToken = "a" as RawAccessToken;
  const maybe = null as RawAccessToken | null;
  log.info("m", { session_id: "s" as SessionId });
  // @ts-expect-error a raw token
  log.info("m", { token: refreshToken });
  // @ts-expect-error a raw token among plain fields
  log.info("m", { session_id: "s", token: accessToken });
  // @ts-expect-error perhaps a raw token
  log.info("m", { token: maybe });
  // @ts-expect-error a raw token as the message
  log.info(accessToken);
  // @ts-expect-error a raw token for every later entry
  log.with({ token: refreshToken });
  // @ts-expect-error an error, whose properties nobody has looked through
  log.info("m", { error: new Error("e") });
  // @ts-expect-error a name that the logger uses itself
  log.info("m", { level: "error" });
});

Deno.test("a reserved name that comes in at run time overwrites nothing", () => {
  const fields: Readonly<Record<string, string>> = { level: "x", time: "x", msg: "x", other: "y" };
  const entry = JSON.parse(record((log) => log.info("m", fields)));
  assert.deepEqual(entry, {
    level: "info",
    time: "2023-11-14T22:13:20.000Z",
    msg: "m",
    other: "y",
  });
});
