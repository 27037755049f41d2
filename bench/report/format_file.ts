/**
 * Formats what a run has written as `deno fmt` would here, which a check asks of every file.
 *
 * @module
 */

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

export async function formatFile(path: string): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", `--config=${CONFIG}`, path],
    stdin: "null",
  }).output();
  if (!success) throw new TypeError(`Cannot format ${path}`);
}
