/**
 * `deno task start`: a whole project on this machine. Says what it does, then serves until Ctrl-C.
 *
 * @module
 */
import postgres from "postgres";
import { type DataDirectory, holdDataDirectory } from "./platform/data_directory.ts";
import { createDemo } from "./demo/site.ts";
import { cacheFunctions } from "./platform/function_processes.ts";
import { countPending, pushMigrations } from "./platform/migrations.ts";
import { openCluster } from "./platform/postgres/data_directory.ts";
import {
  prepareProjectDatabase,
  prepareProjectRoles,
} from "./platform/postgres/project_database.ts";
import { type PostgresServer, startPostgres } from "./platform/postgres/server.ts";
import { print, runCommand } from "./command.ts";
import { readOrMakeSecrets } from "./platform/secrets.ts";
import { SEED_USERS } from "./platform/seed_users.ts";
import { requireFreePort, type Stack, startStack } from "./platform/stack.ts";
import { readStartSettings, type StartSettings } from "./start_settings.ts";

const PROJECT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

await runCommand(async () => {
  const settings = readStartSettings(Deno.env.toObject());
  using directory = await holdDataDirectory(settings.dataDirectory);
  requireFreePort(settings.port);
  const asked = untilAskedToStop();

  const server = await startDatabase(directory, settings);
  try {
    await bringUpToDate(server);
    print("Starting the functions");
    await cacheFunctions({ projectDirectory: PROJECT });
    const sql = postgres(server.url(), { max: 1, fetch_types: false, onnotice: () => {} });
    const stack = await startStack({
      projectDirectory: PROJECT,
      databaseUrl: (user) => server.url({ user }),
      secrets: await readOrMakeSecrets(directory.secrets),
      port: settings.port,
      // Safari keeps no Secure cookie of plain HTTP, not of this machine either.
      environment: { SESSION_COOKIE_PREFIX: "", ...settings.sessions },
      site: (project) => createDemo({ ...project, sql, user: SEED_USERS.ada }),
      onFunctionLine: (name, line) => print(`${name} | ${line}`),
    });
    // As the Supabase CLI's own stack has it: a person who tries the demo does not wait a minute.
    stack.authSettings.mailIntervalSeconds = 1;
    stack.authSettings.phoneEnabled = true;
    try {
      print(describe(stack, server));
      print(`ready ${stack.baseUrl}`);
      const lost = await Promise.race([asked, server.ended]);
      if (lost) print(explainLoss(lost));
      await asked;
      print("Stopping");
    } finally {
      await stack.stop();
      await sql.end();
    }
  } finally {
    await server.stop();
  }
});

async function startDatabase(
  directory: DataDirectory,
  { databasePort }: StartSettings,
): Promise<PostgresServer> {
  const cluster = await openCluster(directory.cluster);
  print(`Starting PostgreSQL 17 on port ${databasePort}, its data in ${cluster.directory}`);
  const log = await Deno.open(directory.log, { create: true, write: true, truncate: true });
  const encoder = new TextEncoder();
  const server = await startPostgres({
    cluster,
    port: databasePort,
    settings: { wal_level: "logical" },
    onLine: (line) => log.writeSync(encoder.encode(`${line}\n`)),
  });
  await prepareProjectRoles(server);
  await prepareProjectDatabase({ server, database: "postgres" });
  return server;
}

async function bringUpToDate(server: PostgresServer): Promise<void> {
  const target = { databaseUrl: server.url(), projectDirectory: PROJECT };
  const pending = await countPending(target);
  if (pending === 0) return;
  print(`Applying ${pending} migrations and seeds with the Supabase CLI`);
  await pushMigrations(target);
}

/** The first Ctrl-C stops in order; a second one does not wait. */
function untilAskedToStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  const ask = () => {
    if (asked) Deno.exit(130);
    asked = true;
    resolve();
  };
  Deno.addSignalListener("SIGINT", ask);
  Deno.addSignalListener("SIGTERM", ask);
  return promise;
}

function explainLoss(how: string): string {
  return `The database ended (${how}): everything answers 503 now; press Ctrl-C and run ` +
    `"deno task start" again, what was committed is kept`;
}

function describe({ baseUrl, functionsUrl, keys }: Stack, server: PostgresServer): string {
  const { ada, grace } = SEED_USERS;
  const url = `${functionsUrl}/unified-auth`;
  const credentials = JSON.stringify({ email: ada.email, password: ada.password });
  const json = "-H 'content-type: application/json'";
  return `
  Project          ${baseUrl}
  Database         ${server.url()}
  Publishable key  ${keys.publishable}
  Secret key       ${keys.secret}
  People           ${ada.email} and ${grace.email}, password ${ada.password}

  Sign in, ask who is signed in, rotate the tokens:
  curl -i -c cookies.txt ${json} -d '${credentials}' ${url}/login
  curl -i -b cookies.txt -c cookies.txt ${json} -d '{}' ${url}/validate
  curl -i -b cookies.txt -c cookies.txt ${json} -d '{}' ${url}/refresh
`;
}
