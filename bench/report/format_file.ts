/**
 * Formats what a run has written as `deno fmt` would, which a check asks of every file.
 *
 * @module
 */

export async function formatFile(path: string): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", path],
    stdin: "null",
  }).output();
  if (!success) throw new TypeError(`Cannot format ${path}`);
}
