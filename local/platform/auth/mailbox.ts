/**
 * Where mails and text messages of Supabase Auth arrive. Made of the project's own templates, as the
 * hosted service makes them; kept in memory, newest last.
 *
 * @module
 */
import { AuthFailure } from "./errors.ts";
import type { AuthSettings } from "./settings.ts";

/** Why a message was sent, which names its template. */
export type MessageKind = "magic_link" | "recovery" | "confirmation" | "sms";

/** One message as its receiver sees it. */
export interface Message {
  /** An e-mail address or a phone number. */
  readonly to: string;
  readonly kind: MessageKind;
  /** Six digits. */
  readonly token: string;
  readonly tokenHash: string;
  /** Supabase Auth's own link, which uses the token up when it is fetched. */
  readonly confirmationUrl: string;
  /** HTML; the text of a text message. */
  readonly body: string;
  readonly sentAt: Date;
}

export interface Mailbox {
  readonly messages: readonly Message[];
  /** @throws {AuthFailure} while the mail server is away */
  deliver(message: NewMessage): Promise<void>;
}

export interface NewMessage {
  readonly to: string;
  readonly kind: MessageKind;
  readonly token: string;
  readonly tokenHash: string;
  readonly redirectTo: string;
  readonly confirmationUrl: string;
}

/** A machine that runs for weeks sends more than anybody reads. */
const KEPT_MESSAGES = 200;

const TEMPLATES = new URL("../../../supabase/templates/", import.meta.url);

export function createMailbox(settings: Pick<AuthSettings, "siteUrl" | "mailServerUp">): Mailbox {
  const messages: Message[] = [];
  return {
    messages,
    async deliver({ to, kind, token, tokenHash, redirectTo, confirmationUrl }) {
      if (!settings.mailServerUp) {
        throw new AuthFailure(500, "unexpected_failure", "Error sending email");
      }
      const body = kind === "sms"
        ? `Your code is ${token}`
        : render(await Deno.readTextFile(new URL(`${kind}.html`, TEMPLATES)), {
          SiteURL: settings.siteUrl,
          ConfirmationURL: confirmationUrl,
          RedirectTo: redirectTo,
          Token: token,
          TokenHash: tokenHash,
          Email: to,
        });
      messages.push({ to, kind, token, tokenHash, confirmationUrl, body, sentAt: new Date() });
      messages.splice(0, messages.length - KEPT_MESSAGES);
    },
  };
}

function render(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(
    /\{\{\s*\.(\w+)\s*\}\}/g,
    (_, name: string) => escapeHtml(values[name] ?? ""),
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
