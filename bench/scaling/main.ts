/**
 * Reckons docs/scaling.md anew from the figures of the last whole run, or of another one:
 * `deno run -A bench/scaling/main.ts [results.json]`. `deno task bench` does it too.
 *
 * @module
 */

import type { Results } from "../results.ts";
import { writeScaling } from "./write_document.ts";

const PROJECT = new URL("../..", import.meta.url).pathname;
const [path = `${PROJECT}bench/results/latest.json`] = Deno.args;
const results: Results = JSON.parse(await Deno.readTextFile(path));
await writeScaling(`${PROJECT}docs/scaling.md`, results);
