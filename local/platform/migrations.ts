/**
 * Brings a database up to date with `supabase/migrations` and `supabase/seed.sql`: with the Supabase
 * CLI, as a deploy does, or, where a test makes many databases, by running the same files in the same
 * order, which takes a twentieth of the time. Both keep the CLI's own record of what has run.
 *
 * @module
 */
import postgres from "postgres";
import { messageOf, StackError } from "./stack_error.ts";

/** The CLI's version; the same one as in the documentation and in CI. */
export const SUPABASE_CLI = "supabase@3.1.0";

/** A database, and the project whose migrations it is to have. */
export interface MigrationTarget {
  /** A URL of the role `postgres`. */
  readonly databaseUrl: string;
  /** The directory that holds `supabase/`. */
  readonly projectDirectory: string;
}

interface SqlFile {
  readonly version: string;
  readonly name: string;
  readonly path: string;
}

/** How many migrations and seeds the database still lacks. */
export async function countPending(target: MigrationTarget): Promise<number> {
  const sql = connect(target);
  try {
    const [record] = await sql<{ migrations: string | null; seeds: string | null }[]>`
      select
        to_regclass('supabase_migrations.schema_migrations')::text as migrations,
        to_regclass('supabase_migrations.seed_files')::text as seeds`;
    const applied = new Set<string>();
    if (record?.migrations) {
      const rows = await sql<{ version: string }[]>`
        select version from supabase_migrations.schema_migrations`;
      rows.forEach(({ version }) => applied.add(version));
    }
    const files = await listMigrations(target.projectDirectory);
    const migrations = files.filter(({ version }) => !applied.has(version)).length;
    return migrations + (record?.seeds ? 0 : 1);
  } finally {
    await sql.end();
  }
}

/** `supabase db push`, with the seed. Needs Node.js for `npx`, and takes about two seconds. */
export async function pushMigrations(target: MigrationTarget): Promise<void> {
  const { databaseUrl, projectDirectory } = target;
  const command = new Deno.Command("npx", {
    args: [
      "--yes",
      SUPABASE_CLI,
      "db",
      "push",
      `--remote=${databaseUrl}`,
      `--workdir=${projectDirectory}`,
      "--include-seed",
      "--skip-vault",
      "--yes",
    ],
    cwd: projectDirectory,
    // The local server has no TLS; without this the CLI warns on every run.
    env: { PGSSLMODE: "disable" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output().catch((thrown: unknown) => {
    throw new StackError(`The Supabase CLI needs npx, of Node.js: ${messageOf(thrown)}`);
  });
  if (success) return;
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new StackError(`Migrations could not be applied:\n${text.trim()}`);
}

/** Runs each migration in a separate transaction, then the seed, without the CLI. */
export async function runMigrations(target: MigrationTarget): Promise<void> {
  const sql = connect(target);
  try {
    await sql`create schema if not exists supabase_migrations`;
    await sql`
      create table if not exists supabase_migrations.schema_migrations (
        version text primary key,
        statements text[],
        name text
      )`;
    for (const { version, name, path } of await listMigrations(target.projectDirectory)) {
      const text = await Deno.readTextFile(path);
      await sql.begin((tx) => [
        tx.unsafe(text),
        tx`insert into supabase_migrations.schema_migrations (version, statements, name)
           values (${version}, ${[text]}, ${name})`,
      ]).catch((thrown: unknown) => {
        throw new StackError(`${path}: ${messageOf(thrown)}`);
      });
    }
    const seed = await Deno.readTextFile(`${target.projectDirectory}/supabase/seed.sql`);
    await sql.unsafe(seed);
  } finally {
    await sql.end();
  }
}

/** In the order in which they run: by version. */
async function listMigrations(projectDirectory: string): Promise<readonly SqlFile[]> {
  const directory = `${projectDirectory}/supabase/migrations`;
  const files: SqlFile[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(entry.name) ?? [];
    if (version && name) files.push({ version, name, path: `${directory}/${entry.name}` });
  }
  return files.sort((a, b) => a.version.localeCompare(b.version));
}

function connect({ databaseUrl }: MigrationTarget): postgres.Sql {
  return postgres(databaseUrl, { max: 1, onnotice: () => {} });
}
