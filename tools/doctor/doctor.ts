/**
 * `deno task doctor <base url>`: checks a deployment as a browser would see it, and reports each finding
 * with its remedy. Exit code 0 when nothing failed, 1 when something did, 2 for a command
 * line that cannot be understood.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { canonicalOrigin } from "../../supabase/functions/_shared/http/origins.ts";
import { databaseUrl, withDatabase } from "../database.ts";
import { Misuse, runTool } from "../misuse.ts";
import { runChecks } from "./run_checks.ts";
import { type Account, readFunctionsUrl, type Target } from "./subject.ts";
import { exitCode, formatJson, formatReport } from "./report.ts";

const USAGE = `deno task doctor <base url> [options]

  <base url>                 https://app.example.com, or https://<ref>.supabase.co
  --app-origin <origin>      where the web app is: for CORS and the cookies' party
  --publishable-key <key>    of the project: for the data API
  --project-url <url>        of the project, where the access token's issuer cannot be reached
  --remote <postgres url>    of its database: for migrations and grants
  --email <e-mail>           of a test account, or DOCTOR_EMAIL; its password is DOCTOR_PASSWORD
  --json                     the findings as JSON`;

await runTool("doctor", async (args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "app-origin": { type: "string" },
      "publishable-key": { type: "string" },
      "project-url": { type: "string" },
      "remote": { type: "string" },
      "email": { type: "string" },
      "password": { type: "string" },
      "json": { type: "boolean" },
      "help": { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.password !== undefined) {
    throw new Misuse("a password is no argument, where others could read it: set DOCTOR_PASSWORD");
  }
  const [baseUrl, ...more] = positionals;
  if (baseUrl === undefined || more.length > 0) {
    throw new Misuse(`one base URL is needed\n${USAGE}`);
  }

  const projectUrl = values["project-url"];
  const target: Target = {
    functionsUrl: readFunctionsUrl(readUrl("the base URL", baseUrl)),
    appOrigin: readOrigin(values["app-origin"]),
    publishableKey: values["publishable-key"] ?? null,
    projectUrl: projectUrl === undefined ? null : readUrl("--project-url", projectUrl).origin,
  };
  const account = readAccount(values.email ?? Deno.env.get("DOCTOR_EMAIL"));

  const interrupted = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    console.error("doctor: interrupted: signing the test account out");
    interrupted.abort();
  });
  const common = { target, account, fetch, nowMs: Date.now, signal: interrupted.signal };
  const findings = values.remote === undefined
    ? await runChecks({ ...common, database: null })
    : await withDatabase(
      databaseUrl({ remote: values.remote, localPort: undefined }),
      (database) => runChecks({ ...common, database }),
    );
  console.log(values.json ? formatJson(target, findings) : formatReport(target, findings));
  return exitCode(findings);
});

function readUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Misuse(`${name} must start with https:// or http://`);
  }
  return url;
}

function readOrigin(text: string | undefined): string | null {
  if (text === undefined) return null;
  const origin = canonicalOrigin(text);
  if (origin === null) {
    throw new Misuse("--app-origin must be a scheme and a host, like https://app.example.com");
  }
  return origin;
}

function readAccount(email: string | undefined): Account | null {
  const password = Deno.env.get("DOCTOR_PASSWORD");
  if (!email && !password) return null;
  if (email && password) return { email, password };
  throw new Misuse("an e-mail and DOCTOR_PASSWORD belong together: one of them is missing");
}
