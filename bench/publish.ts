/**
 * Puts what was measured into a document, between `<!-- bench: name -->` and `<!-- /bench -->`.
 *
 * @module
 */

/** The document with another text in a section. @throws {TypeError} If it has no such section */
export function replaceSection(document: string, name: string, text: string): string {
  const section = new RegExp(`(?<=<!-- bench: ${name} -->).*?(?=<!-- /bench -->)`, "s");
  if (!section.test(document)) throw new TypeError(`The document has no section: ${name}`);
  return document.replace(section, () => `\n\n${text}\n\n`);
}

/** Writes the sections by their names. */
export async function publish(
  path: string,
  sections: Readonly<Record<string, string>>,
): Promise<void> {
  const document = Object.entries(sections).reduce(
    (text, [name, section]) => replaceSection(text, name, section),
    await Deno.readTextFile(path),
  );
  await Deno.writeTextFile(path, document);
}
