/**
 * Whom PostgreSQL runs as. It refuses to run as root, so under root (containers, CI) it runs as the
 * system user `postgres`, made if the machine has none; otherwise as whoever runs the stack.
 *
 * @module
 */
import { StackError } from "../stack_error.ts";

/** A Unix user that a process can be started as. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const USER_NAME = "postgres";

/** The user to run PostgreSQL as; `undefined` means the current one. */
export async function findPostgresUser(): Promise<SystemUser | undefined> {
  if (Deno.uid() !== 0) return undefined;
  return await readUser() ?? await createUser();
}

/** Whether `user` may walk through every directory above `path`, and `path` itself. */
export async function canReach(user: SystemUser, path: string): Promise<boolean> {
  for (let directory = path;;) {
    const status = await Deno.stat(directory).catch(() => undefined);
    if (status && !mayEnter(user, status)) return false;
    const parent = directory.slice(0, directory.lastIndexOf("/")) || "/";
    if (parent === directory) return true;
    directory = parent;
  }
}

function mayEnter(user: SystemUser, status: Deno.FileInfo): boolean {
  const mode = status.mode ?? 0o777;
  if (status.uid === user.uid) return (mode & 0o100) !== 0;
  if (status.gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

async function readUser(): Promise<SystemUser | undefined> {
  const lines = (await Deno.readTextFile("/etc/passwd")).split("\n");
  const fields = lines.map((line) => line.split(":")).find(([name]) => name === USER_NAME);
  if (!fields) return undefined;
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

async function createUser(): Promise<SystemUser> {
  const args = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", USER_NAME];
  const added = await new Deno.Command("useradd", { args }).output().catch(() => undefined);
  const user = await readUser();
  if (added?.success && user) return user;
  throw new StackError(
    "PostgreSQL does not run as root and no system user could be made for it: " +
      "run the stack as another user, or add a user named postgres",
  );
}
