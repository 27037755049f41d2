/**
 * Finds secrets in log lines: a token, a key, a password or a plain e-mail address. The tests
 * use no other passwords and no other domain than these.
 *
 * @module
 */

import assert from "node:assert/strict";

const SECRETS: Readonly<Record<string, RegExp>> = {
  "a JWT": /eyJ[A-Za-z0-9_-]{8,}/,
  "a refresh token": /[A-Za-z0-9_-]{80,}/,
  "a key of the project": /sb_(?:secret|publishable)_/,
  "a password": /correct-horse|swordfish/i,
  "an e-mail address": /[^\s"@]+(?:@|%40)example\./i,
};

/** Fails with the line and what it gives away, unless there is nothing. Fails without any line too. */
export function assertNoSecrets(lines: readonly string[]): void {
  assert.ok(lines.length > 0, "The functions logged nothing");
  for (const line of lines) {
    for (const [what, pattern] of Object.entries(SECRETS)) {
      assert.doesNotMatch(line, pattern, `The log holds ${what}`);
    }
  }
}
