/**
 * Puts what was measured into a document, between `<!-- bench: name -->` and `<!-- /bench -->`.
 *
 * @module
 */

/** The document with another text in a section. @throws {TypeError} If it has no such section */
export function replaceSection(document: string, name: string, text: string): string {
  const [start, end] = [`<!-- bench: ${name} -->`, "<!-- /bench -->"];
  const from = document.indexOf(start);
  const to = document.indexOf(end, from);
  if (from === -1 || to === -1) throw new TypeError(`The document has no section: ${name}`);
  return `${document.slice(0, from + start.length)}\n\n${text}\n\n${document.slice(to)}`;
}

/** Writes the sections by their names, and formats the file. */
export async function publish(
  path: string,
  sections: Readonly<Record<string, string>>,
): Promise<void> {
  const document = Object.entries(sections).reduce(
    (text, [name, section]) => replaceSection(text, name, section),
    await Deno.readTextFile(path),
  );
  await Deno.writeTextFile(path, document);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--line-width=100", path],
  }).output();
  if (!success) throw new TypeError(new TextDecoder().decode(stderr));
}
