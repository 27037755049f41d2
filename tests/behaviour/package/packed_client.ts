/**
 * The client's package as npm makes it of a build, and directories in which it is installed. Needs no
 * network: the package has no dependencies, and what its consumers need beside it is this project's.
 *
 * @module
 */

import { PROJECT } from "../../checks/check.ts";
import { openKeptBuild } from "../../harness/kept_build.ts";

export interface PackedClient {
  /** The archive that `npm install` takes. */
  readonly archive: string;
  /** The published files, from the package's directory. */
  readonly files: readonly string[];
}

/** Published as they stand. */
const PUBLISHED = ["package.json", "README.md", "LICENSE", "styles.css"];

/** The files that decide the package. */
const CLIENT_SOURCES: readonly string[] = [
  ...["src", "build.ts", ...PUBLISHED].map((name) => `${PROJECT}/client/${name}`),
  new URL(import.meta.url).pathname,
];

export async function packClient(): Promise<PackedClient> {
  const directory = await openKeptBuild({
    name: "client",
    sources: CLIENT_SOURCES,
    build: buildPackage,
  });
  const [{ filename, files }] = JSON.parse(
    await Deno.readTextFile(`${directory}/${PACKED}`),
  ) as [{ readonly filename: string; readonly files: readonly { readonly path: string }[] }];
  return { archive: `${directory}/${filename}`, files: files.map(({ path }) => path) };
}

/** `npm pack`'s description of the archive. */
const PACKED = "packed.json";

/** Not in `client/dist`, which another test may be about to read. */
async function buildPackage(directory: string): Promise<void> {
  const source = `${directory}/package`;
  await run(Deno.execPath(), ["run", "-A", "client/build.ts", `${source}/dist`], PROJECT);
  for (const name of PUBLISHED) {
    await Deno.copyFile(`${PROJECT}/client/${name}`, `${source}/${name}`);
  }
  const packed = await run("npm", ["pack", "--json", "--pack-destination", directory], source);
  await Deno.writeTextFile(`${directory}/${PACKED}`, packed);
}

export interface Consumer extends AsyncDisposable {
  readonly directory: string;
}

/** A directory with these files, the package installed, and these packages of the project beside it. */
export async function installClient(
  sources: Readonly<Record<string, string>>,
  beside: readonly string[],
): Promise<Consumer> {
  const { archive } = await packClient();
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-package-" });
  for (const [name, text] of Object.entries(sources)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  await Deno.writeTextFile(`${directory}/package.json`, '{"type":"module","private":true}');
  const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  await run("npm", ["install", archive, ...flags], directory);
  for (const name of beside) {
    const link = `${directory}/node_modules/${name}`;
    await Deno.mkdir(link.slice(0, link.lastIndexOf("/")), { recursive: true });
    await Deno.symlink(`${PROJECT}/node_modules/${name}`, link);
  }
  return {
    directory,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/**
 * An app's folder with the package and all that its `package.json` names installed, to be read only: it is
 * kept until one of them changes.
 *
 * @param isBuilt whether the app has a script `build`, to be run then
 */
export async function installApp(
  source: URL,
  { isBuilt }: { readonly isBuilt: boolean },
): Promise<string> {
  const { archive } = await packClient();
  const folder = source.pathname.replace(/\/$/, "");
  return await openKeptBuild({
    name: folder.slice(folder.lastIndexOf("/") + 1),
    sources: [folder, ...CLIENT_SOURCES],
    async build(directory) {
      await run("cp", ["-R", `${folder}/.`, directory], directory);
      const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
      await run("npm", ["install", archive, ...flags], directory);
      if (isBuilt) await run("npm", ["run", "build"], directory);
    },
  });
}

/** The command's output. @throws {Error} With all that it printed, if it fails */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1", NO_UPDATE_NOTIFIER: "1" },
    signal: AbortSignal.timeout(LONGEST_COMMAND_MS),
  }).output();
  const [printed, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`Failed: ${command} ${args.join(" ")}\n${printed}${complained}`);
  return printed ?? "";
}

const LONGEST_COMMAND_MS = 300_000;
