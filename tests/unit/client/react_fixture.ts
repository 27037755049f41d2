/**
 * A document in memory for tests of the React bindings, with a root to render into.
 *
 * @module
 */

import { Window } from "happy-dom";
// @ts-types="@types/react"
import { act, createElement, type ReactNode, StrictMode } from "react";
// @ts-types="@types/react-dom/client"
import { createRoot, hydrateRoot, type Root } from "react-dom/client";

export interface Page {
  readonly root: HTMLElement;
  /** Runs what changes the page, and all that follows from it. */
  act(change: () => void | Promise<void>): Promise<void>;
  click(label: string): Promise<void>;
  text(): string;
}

/** Renders `node` in StrictMode while `use` runs; `markup` is hydrated, where there is one. */
export async function withPage(
  node: ReactNode,
  use: (page: Page) => Promise<void>,
  markup?: string,
): Promise<void> {
  const happyWindow = new Window();
  const globals = {
    window: happyWindow,
    document: happyWindow.document,
    IS_REACT_ACT_ENVIRONMENT: true,
  };
  const before = Object.keys(globals).map((name) => [name, Reflect.get(globalThis, name)] as const);
  for (const [name, value] of Object.entries(globals)) {
    Reflect.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const element = happyWindow.document.createElement("div");
  happyWindow.document.body.appendChild(element);
  const root = element as unknown as HTMLElement;
  const perform: Page["act"] = async (change) => {
    await act(async () => {
      await change();
    });
  };
  let reactRoot: Root | undefined;
  try {
    const tree = createElement(StrictMode, null, node);
    if (markup !== undefined) root.innerHTML = markup;
    await perform(() => {
      if (markup === undefined) {
        reactRoot = createRoot(root);
        reactRoot.render(tree);
      } else reactRoot = hydrateRoot(root, tree);
    });
    await use({
      root,
      act: perform,
      text: () => root.textContent ?? "",
      click: (label) =>
        perform(() => {
          const button = [...root.querySelectorAll("button")]
            .find(({ textContent }) => textContent === label);
          if (!button) throw new Error(`No button '${label}' in ${root.innerHTML}`);
          button.click();
        }),
    });
  } finally {
    await perform(() => reactRoot?.unmount());
    await happyWindow.happyDOM.close();
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(globalThis, name);
      else Reflect.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }
}
