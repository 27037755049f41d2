/**
 * `deno task audit [name …]`: prints the answers of the named audits as tables, or lists the audits.
 * Asks the local stack's database, or the one of `--remote <postgres url>`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Audit, readAudits, runAudit } from "./audits.ts";
import { databaseUrl, withDatabase } from "./database.ts";
import { Misuse, runTool } from "./misuse.ts";
import { formatTable } from "./table.ts";

await runTool("audit", async (args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { remote: { type: "string" } },
  });
  const audits = await readAudits();
  if (positionals.length === 0) {
    console.log(listAudits(audits));
    return 0;
  }
  const chosen = positionals.map((name) => findAudit(audits, name));
  const url = databaseUrl({
    remote: values.remote,
    localPort: Deno.env.get("UNIFIED_AUTH_DB_PORT"),
  });
  await withDatabase(url, async (sql) => {
    for (const audit of chosen) {
      console.log(`${audit.title}: ${audit.question}\n`);
      console.log(`${formatTable(await runAudit(sql, audit))}\n`);
    }
  });
  return 0;
});

function listAudits(audits: readonly Audit[]): string {
  const width = Math.max(...audits.map(({ name }) => name.length));
  return [
    "deno task audit <name …> [--remote <postgres url>]",
    "",
    ...audits.map(({ name, question }) => `  ${name.padEnd(width)}  ${question}`),
  ].join("\n");
}

function findAudit(audits: readonly Audit[], name: string): Audit {
  const audit = audits.find((candidate) => candidate.name === name);
  if (audit) return audit;
  const names = audits.map((candidate) => candidate.name).join(", ");
  throw new Misuse(`there is no audit "${name}"; there are: ${names}`);
}
