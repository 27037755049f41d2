/**
 * Whom PostgreSQL runs as. It refuses to run as root, so under root (containers, CI) it runs as the
 * system user `postgres`, made if the machine has none; otherwise as the user who runs the stack.
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

/** Whether `user` can enter `directory`, which exists: every directory above it lets the user pass. */
export async function canEnter(user: SystemUser, directory: string): Promise<boolean> {
  return await succeedsAs(user, { program: "test", args: ["-x", directory] });
}

/** Whether `user` can read `file`. */
export async function canRead(user: SystemUser, file: string): Promise<boolean> {
  return await succeedsAs(user, { program: "test", args: ["-r", file] });
}

/**
 * Whether a program ends with exit code 0 when `user` runs it. Only the operating system can say what a
 * user may do: permissions are also symbolic links, access control lists, groups and mount options.
 */
export async function succeedsAs(
  user: SystemUser,
  { program, args }: { readonly program: string; readonly args: readonly string[] },
): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      cwd: "/",
      ...user,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    return (await command.output()).success;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.PermissionDenied) return false;
    throw thrown;
  }
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
