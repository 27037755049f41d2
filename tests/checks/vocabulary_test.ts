import assert from "node:assert/strict";
import { judgeVocabulary } from "./vocabulary.ts";

const judge = (text: string) => judgeVocabulary({ path: "a.ts", text }).length;

Deno.test("a private word is refused in prose and within names, with the standard one", () => {
  const refused = [
    "// Whoever asks is answered.",
    "const verdict = judge();",
    "type TokenVerdict = string;",
    "isTorn(cookies)",
    "it waits for ever",
    "// It must not know the store.",
  ];
  for (const text of refused) assert.equal(judge(text), 1, text);
  const [problem] = judgeVocabulary({ path: "a.ts", text: "openDoor();" });
  assert.match(
    problem ?? "",
    /^a\.ts:1 says "Door" for emulator, gateway or entry: openDoor\(\);$/,
  );
});

Deno.test("a word that only contains one of them is not refused", () => {
  const accepted = ["indoors", "tornado", "worldwide", "indeed", "wishlist", "doorway", "forever"];
  for (const text of accepted) assert.equal(judge(text), 0, text);
});
