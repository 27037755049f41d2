/**
 * The client's package as npm makes it of a fresh build, and directories in which it is installed. Needs
 * no network: the package has no dependencies, and what its consumers need beside it is this project's.
 *
 * @module
 */

import { PROJECT } from "../../checks/check.ts";

export interface PackedClient extends AsyncDisposable {
  /** What is published, from the package's directory. */
  readonly files: readonly string[];
  /** A directory with these files, the package installed, and these packages of the project beside it. */
  install(
    files: Readonly<Record<string, string>>,
    beside: readonly string[],
  ): Promise<string>;
  /**
   * A copy of an app's folder, with the package and all that its `package.json` names installed. It is
   * the caller's to remove.
   */
  installApp(source: string): Promise<string>;
}

export async function packClient(): Promise<PackedClient> {
  const root = await Deno.makeTempDir({ prefix: "unified-auth-package-" });
  await run(Deno.execPath(), ["run", "-A", "client/build.ts"], PROJECT);
  const packed = await run(
    "npm",
    ["pack", "--json", "--pack-destination", root],
    `${PROJECT}/client`,
  );
  const [{ filename, files }] = JSON.parse(packed) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  return {
    files: files.map(({ path }) => path),
    async install(sources, beside) {
      const directory = await Deno.makeTempDir({ dir: root });
      for (const [name, text] of Object.entries(sources)) {
        await Deno.writeTextFile(`${directory}/${name}`, text);
      }
      await Deno.writeTextFile(`${directory}/package.json`, '{"type":"module","private":true}');
      const flags = [
        "--offline",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
      ];
      await run("npm", ["install", `${root}/${filename}`, ...flags], directory);
      for (const name of beside) {
        const link = `${directory}/node_modules/${name}`;
        await Deno.mkdir(link.slice(0, link.lastIndexOf("/")), { recursive: true });
        await Deno.symlink(`${PROJECT}/node_modules/${name}`, link);
      }
      return directory;
    },
    async installApp(source) {
      const directory = await Deno.makeTempDir({ prefix: "unified-auth-app-" });
      await run("cp", ["-R", `${source}.`, directory], root);
      const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
      await run("npm", ["install", `${root}/${filename}`, ...flags], directory);
      return directory;
    },
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

/** What the command printed. @throws {Error} With all that it printed, if it fails */
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
