/**
 * The inbox: the messages that Supabase Auth has sent on this machine, so that a link can be followed and
 * a code be read without a mail server.
 *
 * @module
 */

import { clockTime } from "./clock_time.ts";
import { find, make } from "./dom.ts";

interface Message {
  readonly to: string;
  /** HTML of the project's own template, or the text of a text message. */
  readonly body: string;
  readonly sentAt: string;
}

export interface InboxPanel {
  load(): Promise<void>;
}

export function createInboxPanel(): InboxPanel {
  const list = find("inbox", HTMLUListElement);
  /** The rendered list: one that is replaced each second could not be read or clicked. */
  let shown: string | null = null;

  return {
    async load() {
      try {
        const text = await (await fetch("/demo/inbox")).text();
        if (text === shown) return;
        shown = text;
        const messages = readMessages(JSON.parse(text));
        const items = messages.map(({ to, body, sentAt }) =>
          make(
            "li",
            {},
            make(
              "p",
              { className: "envelope" },
              make("strong", {}, `To ${to}`),
              make("time", { dateTime: sentAt }, clockTime(new Date(sentAt))),
            ),
            ...readBody(body),
          )
        );
        list.replaceChildren(...items.length > 0 ? items : [make("li", {}, "No message yet.")]);
      } catch {
        // the local stack is away: what has arrived stays
      }
    },
  };
}

/** A mail's headings and paragraphs: their text and their links, and nothing else of its markup. */
function readBody(html: string): readonly HTMLParagraphElement[] {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const blocks = [...body.querySelectorAll("h2, p")];
  if (blocks.length === 0) return [make("p", {}, body.textContent ?? "")];
  return blocks.map((block) =>
    make(
      "p",
      {},
      ...[...block.childNodes].map((node) =>
        node instanceof HTMLAnchorElement
          ? make("a", { href: node.href }, node.textContent ?? "")
          : node.textContent ?? ""
      ),
    )
  );
}

function readMessages(body: unknown): readonly Message[] {
  if (typeof body !== "object" || body === null || !("messages" in body)) return [];
  return Array.isArray(body.messages) ? body.messages.filter(isMessage) : [];
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "to" in value && "body" in value &&
    "sentAt" in value && typeof value.to === "string" && typeof value.body === "string" &&
    typeof value.sentAt === "string";
}
