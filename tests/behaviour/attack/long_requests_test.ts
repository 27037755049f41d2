import assert from "node:assert/strict";
import { createSealedCookies } from "../../../supabase/functions/_shared/http/sealed_cookies.ts";
import { createSealer } from "../../../supabase/functions/_shared/tokens/sealing.ts";
import { keys } from "../../unit/functions/arbitraries.ts";
import { createAppInProcess, storeThat } from "./app_in_process.ts";

const app = createAppInProcess(
  storeThat(() => Promise.reject(new TypeError("Must not be called"))),
);
const sealedCookies = createSealedCookies(
  createSealer({
    keys: [keys.signing],
    nowMs: Date.now,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  }),
  { sameSite: "lax", secure: true, nameSuffix: "" },
);

/** Parsers look for these: in a row of them a careless pattern begins anew at each. */
const FILLERS = [" ", "\t", "/", ".", ",", ";", "=", "-", '"', "[", "%", "@", ":"];

const HEADERS = [
  "authorization",
  "cf-connecting-ip",
  "content-type",
  "cookie",
  "dpop",
  "origin",
  "sec-fetch-site",
  "user-agent",
  "x-forwarded-host",
];

/** Hundreds of times what each takes, and a fraction of the seconds that a careless pattern takes. */
const LIMIT_MS = 1_000;
const LENGTH = 60_000;
const COOKIE_LENGTH = 32_000; // a longer one is refused unread

function rowOf(filler: string, length = LENGTH): string {
  return `a;${filler.repeat(length)};b`;
}

async function assertQuick(what: string, answer: () => unknown): Promise<void> {
  const startedAt = performance.now();
  await answer();
  const elapsedMs = performance.now() - startedAt;
  assert.ok(elapsedMs < LIMIT_MS, `${what}: ${Math.round(elapsedMs)} ms`);
}

async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const url = `https://abc.supabase.co/unified-auth${path}`;
  await (await app.request(url, { method: "POST", headers })).body?.cancel();
}

for (const filler of FILLERS) {
  Deno.test(`a row of ${JSON.stringify(filler)} costs no more time than its length, wherever a request holds it`, async () => {
    const row = rowOf(filler);
    await assertQuick("path", () => ask(`/${row}`));
    await assertQuick("query", () => ask(`/validate?${row}`));
    for (const name of HEADERS) {
      const value = name === "cookie" ? rowOf(filler, COOKIE_LENGTH) : row;
      await assertQuick(name, () => ask("/validate", { [name]: value }));
    }
    await assertQuick("bearer", () => ask("/validate", { authorization: `Bearer ${row}` }));
    await assertQuick("sealed cookies", () => sealedCookies.list(row, "oauth_"));
  });
}
