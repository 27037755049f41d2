/**
 * The configurations of `docs/deploy`, as they stand there, with the addresses of a test in place of the
 * examples'.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readDocument } from "../docs/markdown.ts";

export interface Places {
  /** Of the project. */
  readonly upstream: string;
  /** The secret end of the name of the client's address header. */
  readonly secret: string;
  /** Of the app; only a configuration that names its own address needs it. */
  readonly app?: string;
  /** Other replacements that a test needs, by the text that they replace. */
  readonly replaced?: Readonly<Record<string, string>>;
}

/** The one block of a page that is marked as run. */
export async function readConfiguration(
  page: string,
  { upstream, secret, app = "", replaced = {} }: Places,
): Promise<string> {
  const markdown = await readDocument(`docs/deploy/${page}.md`);
  const [block, ...more] = [...markdown.matchAll(/^```\w+ run\n([\s\S]*?)^```$/gm)];
  assert.ok(block?.[1] !== undefined && more.length === 0, `${page}: one block is run`);
  const places = {
    ...replaced,
    "https://<ref>.supabase.co": upstream,
    "<ref>.supabase.co": new URL(upstream).host,
    "<secret>": secret,
    "app.example.com": app,
  };
  const text = Object.entries(places).reduce((written, [place, value]) => {
    return written.replaceAll(place, value);
  }, block[1]);
  assert.doesNotMatch(text, /<\w+>/, `${page}: a place was left open`);
  return text;
}
