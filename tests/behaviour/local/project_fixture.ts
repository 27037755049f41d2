/**
 * A project in a temporary directory, with functions that a test writes.
 *
 * @module
 */

/** The parts of a project that `startFunction` needs. */
export interface Project extends AsyncDisposable {
  readonly projectDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @param functions the source of each function's `index.ts`, by its name */
export async function makeProject(
  functions: Readonly<Record<string, string>>,
): Promise<Project> {
  const projectDirectory = await Deno.makeTempDir({ prefix: "unified-auth-project-" });
  for (const [name, source] of Object.entries(functions)) {
    const directory = `${projectDirectory}/supabase/functions/${name}`;
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(`${directory}/index.ts`, source);
  }
  return {
    projectDirectory,
    environment: { SESSION_EXAMPLE: "given" },
    [Symbol.asyncDispose]: () => Deno.remove(projectDirectory, { recursive: true }),
  };
}
