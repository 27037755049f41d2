/**
 * The page's elements: found by id with their type checked, and made with their children. Text only,
 * never markup, so that nothing a user wrote can become an element.
 *
 * @module
 */

type Child = Node | string;

/** @throws {TypeError} If the page has no such element of that type */
export function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`Cannot find element: ${id}`);
  return found;
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets an element's text only when it changes: a screen reader would read it again otherwise. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
