import assert from "node:assert/strict";
import { findInstalledPrograms } from "../../../local/platform/postgres/binaries.ts";
import { openCluster } from "../../../local/platform/postgres/data_directory.ts";
import { findFreePort, startPostgres } from "../../../local/platform/postgres/server.ts";

/** A clone in a folder of mode 0700, as root's home is. */
interface Clone extends AsyncDisposable {
  /** Open to everybody. */
  readonly root: string;
  /** Of mode 0700. */
  readonly dataDirectory: string;
  /** PostgreSQL's programs, all of them for their owner alone. */
  readonly installed: string;
  /** In a folder that every user may enter; not there yet. */
  readonly sharedPlace: string;
}

async function makeClone(): Promise<Clone> {
  const root = await Deno.makeTempDir({ prefix: "unified-auth-cluster-" });
  await Deno.chmod(root, 0o755);
  const dataDirectory = `${root}/home/data`;
  await Deno.mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const installed = `${root}/home/programs`;
  await run("cp", ["--recursive", "--no-dereference", await findInstalledPrograms(), installed]);
  await run("chmod", ["--recursive", "go=", installed]);
  return {
    root,
    dataDirectory,
    installed,
    sharedPlace: `${root}/shared`,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

async function run(program: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${program} ${args.join(" ")}`);
}

/** Starts and stops a server over a cluster, which shows that its user can use all of it. */
async function assertServes(clone: Clone): Promise<void> {
  const cluster = await openCluster(`${clone.dataDirectory}/postgres`, clone);
  const server = await startPostgres({ cluster, port: findFreePort() });
  await server.stop();
}

Deno.test("a clone in a folder that its owner alone may enter has its database", async () => {
  await using clone = await makeClone();
  await assertServes(clone);
  await assertServes(clone); // and finds it again
});

Deno.test("a umask that hides every file from others hides nothing from the database", async () => {
  await using clone = await makeClone();
  const before = Deno.umask(0o077);
  try {
    await assertServes(clone);
  } finally {
    Deno.umask(before);
  }
});

Deno.test("programs that others may not run are copied, though their folder is open", async () => {
  await using clone = await makeClone();
  await Deno.chmod(`${clone.dataDirectory}/..`, 0o755);
  await Deno.chmod(clone.dataDirectory, 0o755);
  await assertServes(clone);
});

Deno.test("an unusable cluster of an earlier start in the shared place is put right", async () => {
  await using clone = await makeClone();
  await assertServes(clone);
  // Only root's start has made the place: of another user, everything is within reach.
  await Deno.mkdir(clone.sharedPlace, { recursive: true });
  await run("chmod", ["go=", clone.sharedPlace]);
  for await (const { name } of Deno.readDir(clone.sharedPlace)) {
    if (name === "postgres") {
      await run("chmod", ["go=", `${clone.sharedPlace}/${name}/bin/postgres`]);
    }
  }
  await assertServes(clone);
});

Deno.test("a data directory behind a symbolic link is where the link leads", async () => {
  await using clone = await makeClone();
  const link = `${clone.root}/link`;
  await Deno.symlink(clone.dataDirectory, link);
  await assertServes({ ...clone, dataDirectory: link });
});
