/**
 * Text of an unknown origin, fit for a terminal. The person who signs in chooses the user agent, and the
 * server that answers chooses the words.
 *
 * @module
 */

/** Cut to so many characters, and without what moves the cursor. */
export function plainText(text: string, maxLength: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u00b7");
  return plain.length > maxLength ? `${plain.slice(0, maxLength - 1)}…` : plain;
}
