/**
 * Makes the directory that holds a database cluster, once, with `initdb`. Knows nothing of roles or
 * schemas: a fresh cluster has one superuser and the empty database `postgres`.
 *
 * @module
 */
import { StackError } from "../stack_error.ts";
import { findInstalledPrograms, placeProgramsWithinReach, type Reach } from "./binaries.ts";
import { openSharedPlace, SHARED_PLACE } from "./shared_place.ts";
import { canEnter, findPostgresUser, type SystemUser } from "./system_user.ts";

/** Supabase's own superuser; `postgres` is made later, without that power. */
export const SUPERUSER = "supabase_admin";

/** The password of every role of a local database, as `supabase start` has it. Loopback only. */
export const LOCAL_PASSWORD = "postgres";

/** A cluster on disk and what it takes to run it. */
export interface Cluster {
  readonly directory: string;
  /** The folder with PostgreSQL's `bin`, `lib` and `share`. */
  readonly programs: string;
  /** Whom to run as; `undefined` is the current user. */
  readonly user: SystemUser | undefined;
}

/** Where things are that may be out of the system user's reach. */
export interface OpenClusterOptions {
  /** @default {SHARED_PLACE} */
  readonly sharedPlace?: string;
  /** PostgreSQL's programs. @default {those of the npm package} */
  readonly installed?: string;
}

/**
 * The cluster in `directory`, made if there is none. Under root, when the system user cannot enter
 * the directory above it, the files are in `sharedPlace` instead, by a name made from its path.
 */
export async function openCluster(
  directory: string,
  { sharedPlace = SHARED_PLACE, installed }: OpenClusterOptions = {},
): Promise<Cluster> {
  const reach: Reach = { user: await findPostgresUser(), sharedPlace };
  const programs = await placeProgramsWithinReach(
    installed ?? await findInstalledPrograms(),
    reach,
  );
  const place = await placeWithinReach(directory, reach);
  const cluster = { directory: place, programs, user: reach.user };
  if (!await exists(`${place}/PG_VERSION`)) await initialise(cluster);
  return cluster;
}

/** Where the files of the cluster named `directory` really are. */
export async function placeWithinReach(
  directory: string,
  { user, sharedPlace }: Reach,
): Promise<string> {
  const parent = directory.slice(0, directory.lastIndexOf("/")) || "/";
  if (!user || await canEnter(user, parent)) return directory;
  const name = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(directory));
  return `${await openSharedPlace(sharedPlace)}/${new Uint8Array(name).toHex().slice(0, 16)}`;
}

/** Into a directory beside the real one first: an interrupted `initdb` leaves nothing half made. */
async function initialise(cluster: Cluster): Promise<void> {
  const { directory, programs, user } = cluster;
  if (await isOccupied(directory)) {
    throw new StackError(
      `${directory} holds something, but no database (its PG_VERSION is missing): ` +
        `move it away, or begin anew with "deno task reset"`,
    );
  }
  const draft = `${directory}.new`;
  for (const rest of [draft, `${draft}.password`]) {
    await Deno.remove(rest, { recursive: true }).catch(ignoreMissing);
  }
  await Deno.mkdir(draft, { mode: 0o700 });
  const passwordFile = `${draft}.password`;
  await Deno.writeTextFile(passwordFile, LOCAL_PASSWORD, { mode: 0o600 });
  if (user) {
    await Deno.chown(draft, user.uid, user.gid);
    await Deno.chown(passwordFile, user.uid, user.gid);
  }
  const { success, stderr } = await new Deno.Command(`${programs}/bin/initdb`, {
    args: [
      `--pgdata=${draft}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-sync",
      "--no-instructions",
    ],
    // Where the stack was started may be out of the user's reach.
    cwd: "/",
    env: { LC_ALL: "C" },
    ...user,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  await Deno.remove(passwordFile);
  if (!success) {
    const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new StackError(`The database could not be made in ${directory}: ${reason}`);
  }
  await Deno.writeTextFile(`${draft}/pg_hba.conf`, "host all all 127.0.0.1/32 scram-sha-256\n");
  await Deno.rename(draft, directory);
}

async function isOccupied(directory: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(directory)) return true;
    await Deno.remove(directory);
    return false;
  } catch (thrown) {
    ignoreMissing(thrown);
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
