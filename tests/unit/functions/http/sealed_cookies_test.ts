import assert from "node:assert/strict";
import { createSealedCookies } from "../../../../supabase/functions/_shared/http/sealed_cookies.ts";
import { createSealer } from "../../../../supabase/functions/_shared/tokens/sealing.ts";
import { keys } from "../arbitraries.ts";

const cookies = createSealedCookies(
  createSealer({
    keys: [keys.signing],
    nowMs: () => 0,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  }),
  { sameSite: "lax", secure: true, nameSuffix: "" },
);
const LONG = "x".repeat(8_000); // three parts
const SHORT = "x";

/** A browser's cookies after these `Set-Cookie` values, as it sends them. */
function send(before: string | null, setCookies: readonly string[]): string {
  const jar = new Map(before?.split("; ").map((pair) => pair.split("=") as [string, string]));
  for (const line of setCookies) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (line.includes("Max-Age=0")) jar.delete(name);
    else jar.set(name, value);
  }
  return [...jar].map((pair) => pair.join("=")).join("; ");
}

const seal = async (before: string | null, content: string) =>
  send(before, await cookies.set(before, "pending", content, { lifetimeSeconds: 60 }));

Deno.test("clearing a sealed value clears every part of it", async () => {
  const header = await seal(null, LONG);
  assert.equal(header.split("; ").length, 3);
  assert.equal(await cookies.open(header, "pending"), LONG);
  assert.equal(send(header, cookies.clear(header, "pending")), "");
});

Deno.test("a shorter value leaves no part of the longer one behind", async () => {
  const header = await seal(await seal(null, LONG), SHORT);
  assert.equal(header.split("; ").length, 1);
  assert.equal(await cookies.open(header, "pending"), SHORT);
});

Deno.test("a part that the request does not hold is not cleared, but for the first", async () => {
  const header = await seal(null, SHORT);
  assert.equal(cookies.clear(header, "pending").length, 1);
  assert.equal(cookies.clear(null, "pending").length, 1);
  assert.equal(cookies.clear(await seal(null, LONG), "passkey").length, 1);
});
