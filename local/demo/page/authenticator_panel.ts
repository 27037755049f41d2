/**
 * The authenticator app: the present code of each account that has one on this machine.
 *
 * @module
 */

import { find, make, say } from "./dom.ts";

interface Code {
  readonly account: string;
  readonly name: string;
  readonly code: string;
}

export interface AuthenticatorPanel {
  load(): Promise<void>;
  /** Counts down, and loads the next codes in time. */
  render(): void;
}

export function createAuthenticatorPanel(): AuthenticatorPanel {
  const panel = find("authenticator", HTMLDivElement);
  const list = find("codes", HTMLUListElement);
  const left = find("codes-left", HTMLParagraphElement);
  /** By `performance.now()`, which no clock of the demo moves. */
  let expiresAt = 0;

  const load = async (): Promise<void> => {
    try {
      const answer = readAnswer(await (await fetch("/demo/authenticator")).json());
      expiresAt = performance.now() + answer.expiresInMs;
      panel.hidden = answer.codes.length === 0;
      list.replaceChildren(...answer.codes.map(({ account, name, code }) =>
        make(
          "li",
          {},
          make("div", {}, make("span", {}, account), make("small", {}, name)),
          make("code", {}, code),
        )
      ));
    } catch {
      // the local stack is away: its codes are no use
    }
  };

  return {
    load,
    render() {
      if (panel.hidden) return;
      const leftMs = expiresAt - performance.now();
      say(left, `The next codes come in ${Math.max(0, Math.ceil(leftMs / 1000))} s.`);
      if (leftMs <= 0) void load();
    },
  };
}

function readAnswer(
  body: unknown,
): { readonly codes: readonly Code[]; readonly expiresInMs: number } {
  if (
    typeof body !== "object" || body === null || !("codes" in body) || !("expiresInMs" in body) ||
    !Array.isArray(body.codes) || typeof body.expiresInMs !== "number"
  ) throw new TypeError("Cannot read the codes");
  return { codes: body.codes.filter(isCode), expiresInMs: body.expiresInMs };
}

function isCode(value: unknown): value is Code {
  return typeof value === "object" && value !== null && "account" in value && "name" in value &&
    "code" in value && typeof value.account === "string" && typeof value.name === "string" &&
    typeof value.code === "string";
}
