import assert from "node:assert/strict";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import {
  importSigningKeys,
  parseSigningKeys,
  SigningKeysError,
} from "../../../supabase/functions/_shared/tokens/signing_keys.ts";

async function newPrivateJwk(algorithm = "ES256"): Promise<JWK> {
  return await exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey);
}

const SECRET = "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWUtaW4tYW55LW1lc3NhZ2U";
const [EC, OTHER_EC] = [await newPrivateJwk(), await newPrivateJwk()];
const OCT: JWK = { kty: "oct", k: SECRET };

function problemsOf(value: unknown): readonly string[] {
  try {
    parseSigningKeys(typeof value === "string" ? value : JSON.stringify(value));
  } catch (error: unknown) {
    assert.ok(error instanceof SigningKeysError);
    return error.problems;
  }
  return [];
}

Deno.test("a JWK, an array of JWKs and a JWK set are read alike", () => {
  const alone = parseSigningKeys(JSON.stringify(EC));
  assert.deepEqual(parseSigningKeys(JSON.stringify([EC])), alone);
  assert.deepEqual(parseSigningKeys(JSON.stringify({ keys: [EC] })), alone);
});

Deno.test("keys stay in their order, and the first one signs", async () => {
  const list = [{ ...EC, kid: "new" }, { ...OCT, kid: "older" }, { ...OTHER_EC, kid: "oldest" }];
  const keys = await importSigningKeys(parseSigningKeys(JSON.stringify(list)));
  assert.deepEqual(keys.all.map((key) => key.kid), ["new", "older", "oldest"]);
  assert.deepEqual(keys.all.map((key) => key.alg), ["ES256", "HS256", "ES256"]);
  assert.equal(keys.signing, keys.all[0]);
  assert.equal(keys.find("oldest"), keys.all[2]);
  assert.equal(keys.find("unknown"), undefined);
});

Deno.test("a key without kid is named by its RFC 7638 thumbprint", async () => {
  for (const jwk of [EC, OCT]) {
    const [parsed] = parseSigningKeys(JSON.stringify(jwk));
    assert.equal(parsed?.kid, await calculateJwkThumbprint(jwk));
  }
});

Deno.test("the key that the Supabase CLI generates is taken as it is", () => {
  const generated = {
    ...EC,
    kid: "k",
    use: "sig",
    key_ops: ["sign", "verify"],
    alg: "ES256",
    ext: true,
  };
  assert.equal(parseSigningKeys(JSON.stringify([generated]))[0]?.kid, "k");
});

Deno.test("the public JWKS holds the public half of every EC key, and nothing that is secret", async () => {
  const list = [EC, { ...OCT, kid: "hmac" }, OTHER_EC];
  const { publicJwks } = await importSigningKeys(parseSigningKeys(JSON.stringify(list)));
  assert.deepEqual(publicJwks.keys.map((key) => key.x), [EC.x, OTHER_EC.x]);
  for (const key of publicJwks.keys) {
    assert.deepEqual(Object.keys(key).sort(), [
      ...["alg", "crv", "key_ops", "kid", "kty", "use", "x", "y"],
    ]);
  }
  const published = JSON.stringify(publicJwks);
  for (const secret of [SECRET, EC.d, OTHER_EC.d]) assert.ok(!published.includes(`${secret}`));
});

Deno.test("imported keys cannot be exported again, nor used for what they are not for", async () => {
  const { signing } = await importSigningKeys(parseSigningKeys(JSON.stringify(EC)));
  assert.equal(signing.privateKey.extractable, false);
  assert.deepEqual(signing.privateKey.usages, ["sign"]);
  assert.deepEqual(signing.publicKey.usages, ["verify"]);
});

Deno.test("keys of other kinds are refused", async () => {
  const refused = [
    await newPrivateJwk("RS256"),
    await newPrivateJwk("EdDSA"),
    await newPrivateJwk("ES384"),
    { ...EC, alg: "ES384" },
    { ...EC, alg: "HS256" },
    { ...OCT, alg: "HS512" },
    { ...OCT, alg: "none" },
    { ...EC, use: "enc" },
    {},
    null,
    "a string",
    17,
  ];
  for (const key of refused) assert.notEqual(problemsOf([key]).length, 0, JSON.stringify(key));
});

Deno.test("a key without its private half is refused", () => {
  const { d: _d, ...publicOnly } = EC;
  assert.deepEqual(problemsOf([publicOnly]), ["key 1: d: must be 32 bytes in base64url"]);
});

Deno.test("halves that do not belong together are refused", async () => {
  const mismatched = {
    "another d": { ...EC, d: OTHER_EC.d },
    "another x": { ...EC, x: OTHER_EC.x },
    zero: { ...EC, d: "A".repeat(43) },
    "above the order": { ...EC, d: "_".repeat(42) + "8" },
  };
  for (const [name, jwk] of Object.entries(mismatched)) {
    await assert.rejects(
      importSigningKeys(parseSigningKeys(JSON.stringify([OCT, jwk]))),
      (error: unknown) => {
        assert.ok(error instanceof SigningKeysError, name);
        assert.deepEqual(error.problems, ["key 2: d: not the key of x and y"], name);
        return true;
      },
    );
  }
});

Deno.test("an HMAC secret of fewer than 32 bytes is refused", () => {
  assert.deepEqual(problemsOf({ kty: "oct", k: "A".repeat(42) }), [
    "key 1: k: must hold at least 32 bytes",
  ]);
  assert.deepEqual(problemsOf({ kty: "oct", k: "A".repeat(43) }), []);
});

Deno.test("two keys of one name are refused", () => {
  assert.deepEqual(problemsOf([{ ...EC, kid: "k" }, { ...OTHER_EC, kid: "k" }]), [
    "key 2: kid: given twice",
  ]);
  assert.deepEqual(problemsOf([EC, EC]), ["key 2: kid: given twice"]);
});

Deno.test("no key at all is refused", () => {
  assert.deepEqual(problemsOf([]), ["there is no key"]);
  assert.deepEqual(problemsOf({ keys: [] }), ["there is no key"]);
});

Deno.test("every problem is named, and none quotes a key", () => {
  const problems = [
    ...problemsOf([{ ...EC, d: `${EC.d}!` }, { kty: SECRET }, {
      ...OCT,
      alg: SECRET,
      use: SECRET,
    }]),
    ...problemsOf(`{"kty":"oct","k":"${SECRET}"`),
    ...problemsOf(SECRET),
  ];
  assert.deepEqual(problems.map((problem) => problem.split(":").slice(0, 2).join(":")), [
    "key 1: d",
    "key 2: kty",
    "key 3: alg",
    "key 3: use",
    "not JSON",
    "not JSON",
  ]);
  const said = problems.join();
  for (const secret of [SECRET, `${EC.d}`]) assert.ok(!said.includes(secret.slice(0, 8)), said);
});

Deno.test("importing no key is misuse", async () => {
  await assert.rejects(importSigningKeys([]), RangeError);
});
