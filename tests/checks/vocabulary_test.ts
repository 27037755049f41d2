import assert from "node:assert/strict";
import { judgeVocabulary } from "./vocabulary.ts";

const judge = (text: string, path = "a.ts") => judgeVocabulary({ path, text }).length;

Deno.test("a private word is refused in prose and within names, with the standard one", () => {
  const refused = [
    "// Whoever asks is answered.",
    "const verdict = judge();",
    "type TokenVerdict = string;",
    "isTorn(cookies)",
    "it waits for ever",
    "// It must not know the store.",
    "const wasTold = true;",
    "MAX_TOLD_LINES",
    "-- a column was_told",
    "/** The token that was shown. */",
    "tokenShown",
    "const asking = await open();",
    "// The database is asked once.",
    "// A stranger may send this.",
    "isStranger(caller)",
    "// a foreign page",
    "// in a process of its own",
    "// It ends by itself.",
    "/** What the server answers. */",
    "| 1 | What it answers |",
    "// It is short. What it holds is shorter.",
    'Deno.test("what is no address is none", () => {});',
    "// The session is over.",
    "isSessionOver(code)",
    "// adopted from another tab",
    "// examines a deployment",
  ];
  for (const text of refused) assert.equal(judge(text), 1, text);
  const [problem] = judgeVocabulary({ path: "a.ts", text: "openDoor();" });
  assert.match(
    problem ?? "",
    /^a\.ts:1 says "Door" for emulator, gateway or entry: openDoor\(\);$/,
  );
});

Deno.test("a file's name is held to the same words", () => {
  assert.equal(judge("", "tests/foreign_origin.ts"), 1);
  assert.equal(judge("", "tests/patient.ts"), 1);
  assert.equal(judge("", "tests/origin.ts"), 0);
});

Deno.test("a word that is private to one folder is refused there alone", () => {
  assert.equal(judge("the life of a session", "local/demo/page/app.ts"), 1);
  assert.equal(judge("the life of a session", "client/src/session.ts"), 0);
});

Deno.test("a word that only contains one of them, or is the standard one there, is not refused", () => {
  const accepted = [
    ...["indoors", "tornado", "worldwide", "indeed", "wishlist", "doorway", "forever"],
    "references users (id) -- the foreign key",
    "the user is asked for a code",
    "shown to people",
    "loaded on demand",
    '  | "stranger"',
    "| 4 | stranger | current |",
    "// What does a browser send?",
    "## What it guarantees",
    "takes what the claims say",
    "the age is over 30 s",
    "takes the session over after a day",
    "the browser's window",
  ];
  for (const text of accepted) assert.equal(judge(text), 0, text);
});
