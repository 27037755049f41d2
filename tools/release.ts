/**
 * `deno task release <version>`: checks the tree, writes the version, builds and packs the client, looks
 * at the package as its users' tools will, packs what the next release is tested to upgrade from, commits
 * and tags. Publishes nothing: that is for `npm publish` and `git push --follow-tags`, which it prints.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { Misuse, runTool } from "./misuse.ts";
import { archiveArguments, LAST_RELEASE } from "./release_archive.ts";
import { openRelease, writeVersion } from "./release_files.ts";

const VERSION = /^\d+\.\d+\.\d+(?:-[0-9a-z.]+)?$/;

if (import.meta.main) await runTool("release", (args) => release(args, Deno.cwd()));

/**
 * @param directory A checkout of the project
 * @throws {Misuse} If the version, the checkout or the changelog is not fit for a release
 */
export async function release(args: readonly string[], directory: string): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { "tests-passed": { type: "boolean", default: false } },
  });
  const [version, ...rest] = positionals;
  if (version === undefined || rest.length > 0 || !VERSION.test(version)) {
    throw new Misuse("usage: deno task release <version> [--tests-passed]");
  }
  const run = runIn(directory);
  if ((await run("git", "status", "--porcelain")) !== "") {
    throw new Misuse("there are changes that are not committed");
  }
  if ((await run("git", "tag", "--list", `v${version}`)) !== "") {
    throw new Misuse(`v${version} exists already`);
  }
  const changelog = openRelease(await Deno.readTextFile(`${directory}/CHANGELOG.md`), {
    version,
    date: new Date().toISOString().slice(0, 10),
  });
  if (!values["tests-passed"]) await run(Deno.execPath(), "task", "ok");

  await Deno.writeTextFile(`${directory}/CHANGELOG.md`, changelog);
  await writeVersion(directory, version);
  await run(Deno.execPath(), "run", "-A", "client/build.ts");
  const packed = await run("npm", "pack", "--silent", "./client");
  await requirePublishable(`${directory}/client`);
  await run("git", "add", "--update");
  await run("git", ...archiveArguments(await run("git", "write-tree")));
  await run("git", "add", LAST_RELEASE);
  await run("git", "commit", "--quiet", "--message", `chore(release): ${version}`);
  await run("git", "tag", "--annotate", `v${version}`, "--message", `Unified Auth ${version}`);
  console.log(`Tagged v${version}. To publish:
  git push --follow-tags
  npm publish ${packed}`);
  return 0;
}

/** Exports without types, files that are named and missing, formats that a bundler would misread. */
async function requirePublishable(packageDirectory: string): Promise<void> {
  const { messages, pkg } = await publint({ pkgDir: packageDirectory, strict: true });
  if (messages.length === 0) return;
  const problems = messages.map((message) => `- ${formatMessage(message, pkg ?? {})}`);
  throw new Misuse(`the package cannot be published:\n${problems.join("\n")}`);
}

function runIn(cwd: string) {
  return async (command: string, ...args: readonly string[]): Promise<string> => {
    const { success, stdout } = await new Deno.Command(command, {
      args: [...args],
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).output();
    const printed = new TextDecoder().decode(stdout).trim();
    if (!success) throw new Misuse(`failed: ${command} ${args.join(" ")}\n${printed}`);
    return printed;
  };
}
