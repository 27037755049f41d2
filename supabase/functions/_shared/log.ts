/**
 * The log: one line of JSON for each entry. Takes plain values only, so that neither an error's innards
 * nor a token reaches it; knows nothing of where the lines go.
 *
 * @module
 */

import type { RawAccessToken, RawRefreshToken } from "./brands.ts";

export type LogLevel = "info" | "warn" | "error";

/** The value of a field. An undefined one is left out. */
export type LogValue = string | number | boolean | null | undefined;

export type LogFields = Readonly<Record<string, LogValue>>;

/** Members of each entry that no field may overwrite. */
type Reserved = "level" | "time" | "msg";

type Loggable<Value> = Value extends RawRefreshToken | RawAccessToken ? never : Value;

/** The same fields, but neither a raw token nor a reserved name among them compiles. */
type Safe<Fields> = {
  readonly [Name in keyof Fields]: Name extends Reserved ? never : Loggable<Fields[Name]>;
};

/** Writes one entry. Names of fields are in snake_case and carry their unit. */
export type WriteEntry = <Message extends string, Fields extends LogFields>(
  msg: Message & Loggable<Message>,
  fields?: Safe<Fields>,
) => void;

export interface Logger extends Readonly<Record<LogLevel, WriteEntry>> {
  /** A logger which adds these fields to each of its entries. */
  with<Fields extends LogFields>(fields: Safe<Fields>): Logger;
}

export interface LoggerOptions {
  /** Takes one line, without a line break. */
  readonly write: (line: string, level: LogLevel) => void;
  readonly now: () => Date;
}

/** The platform cuts a line after 10,000 characters, which would leave broken JSON. */
const MAX_LINE_LENGTH = 10_000;
const MAX_VALUE_LENGTH = 1_000;
const TRUNCATED = '"truncated":true';
const MAX_MEMBERS_LENGTH = MAX_LINE_LENGTH - `{,${TRUNCATED}}`.length;

/**
 * Whatever looks like a JWT, a refresh token (94 characters; an address or a user agent has no such run)
 * or a secret key of the project. The last guard, for a token inside of a longer text. Each alternative
 * repeats one class of characters, so that the time is linear.
 */
const SECRETS = /eyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9_.-]*|sb_secret_[A-Za-z0-9_-]+|[A-Za-z0-9_-]{80,}/g;

/** JSON leaves these as they are, but some viewers end a line at them. */
const LINE_BREAKS = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * Whether a line may hold what either of them matches, in one look: JSON escapes no character of a secret,
 * and a run of 80 stands in a string of 80.
 */
const SUSPECT = /"[^"]{80}|eyJ|sb_secret_|[\u007f-\u009f\u2028\u2029]/;

/** Makes a logger. */
export function createLogger(options: LoggerOptions): Logger {
  return createLoggerWith(options, {});
}

function createLoggerWith(options: LoggerOptions, context: LogFields): Logger {
  const { write, now } = options;
  const writer = (level: LogLevel): WriteEntry => (msg, fields) => {
    const head = { level, time: now().toISOString(), msg };
    write(formatLine({ ...head, ...context, ...fields, ...head }), level); // the head first, and last
  };
  return {
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    with: (fields) => createLoggerWith(options, { ...context, ...fields }),
  };
}

/** Nearly every line is short and harmless, which one look at the whole of it tells. */
function formatLine(entry: LogFields): string {
  const line = JSON.stringify(entry);
  return line.length > MAX_VALUE_LENGTH || SUSPECT.test(line) ? formatMembers(entry) : line;
}

/** Leaves out the fields that would make the line too long, the last ones first. */
function formatMembers(entry: LogFields): string {
  let members = "";
  for (const [name, value] of Object.entries(entry)) {
    if (value === undefined) continue;
    const member = `${members === "" ? "" : ","}${toJson(name)}:${toJson(value)}`;
    if (members.length + member.length > MAX_MEMBERS_LENGTH) return `{${members},${TRUNCATED}}`;
    members += member;
  }
  return `{${members}}`;
}

function toJson(value: Exclude<LogValue, undefined>): string {
  return typeof value === "string"
    ? JSON.stringify(redact(value)).replace(LINE_BREAKS, escapeCharacter)
    : JSON.stringify(value);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Cuts after it redacts: half a token would not look like one. */
function redact(text: string): string {
  return text.replace(SECRETS, "[redacted]").slice(0, MAX_VALUE_LENGTH);
}
