/**
 * A whole project for the tests of one file: the functions in separate processes, people who each sign in
 * from another address, and every line that the functions log.
 *
 * @module
 */

import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import type postgres from "postgres";
import {
  openTestServer,
  type TestStack,
  type TestStackOptions,
} from "../../../local/testing/test_server.ts";
import type { SessionView } from "../../../supabase/functions/_shared/http/schemas.ts";
import { type Browser, type BrowserOptions, openBrowser } from "./browser.ts";
import { assertNoSecrets } from "./log_secrets.ts";

export const PASSWORD = "correct-horse-battery-staple";

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** One signed-in browser of a person whom nobody else signs in as. */
export interface SignedIn {
  readonly person: Person;
  readonly browser: Browser;
  readonly sessionId: string;
  readonly view: SessionView;
}

export interface HttpFixture {
  readonly stack: TestStack;
  readonly sql: postgres.Sql;
  /** The entries of the functions' log that match, once there are so many: it comes through a pipe. */
  readLog(
    matches: (entry: Readonly<Record<string, unknown>>) => boolean,
    expected: number,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
  createPerson(): Promise<Person>;
  /** A browser without cookies at an unused address. */
  openBrowser(options?: Partial<BrowserOptions>): Browser;
  signIn(options?: Partial<BrowserOptions>): Promise<SignedIn>;
  /** One column of a session's row, or all of them. */
  readSession(sessionId: string): Promise<Readonly<Record<string, unknown>>>;
  /** Ends everything, then looks for secrets in the log. */
  close(): Promise<void>;
}

export async function openHttpFixture(options: TestStackOptions = {}): Promise<HttpFixture> {
  const server = await openTestServer();
  const lines: string[] = [];
  const stack = await server.startStack({
    ...options,
    onFunctionLine: (_name, line) => lines.push(line),
  });
  const sql = stack.database.connect({ max: 4 });
  let people = 0;
  let addresses = 0;

  const createPerson = async (): Promise<Person> => {
    const person = {
      id: crypto.randomUUID(),
      email: `person-${people++}@example.com`,
      password: PASSWORD,
    };
    await insertPerson(sql, person);
    return person;
  };
  const open = (changes: Partial<BrowserOptions> = {}) => {
    addresses += 1;
    const ip = `198.18.${addresses >> 8}.${addresses & 255}`;
    return openBrowser({ functionsUrl: stack.functionsUrl, ip, ...changes });
  };
  return {
    stack,
    sql,
    async readLog(matches, expected) {
      const deadlineMs = Date.now() + 5_000;
      while (true) {
        const found = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
          .filter(matches);
        if (found.length >= expected || Date.now() > deadlineMs) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    createPerson,
    openBrowser: open,
    async signIn(changes) {
      const person = await createPerson();
      const browser = open(changes);
      const view = await browser.login(person);
      return { person, browser, sessionId: view.session.id, view };
    },
    async readSession(sessionId) {
      const [row] = await sql`select s.* from public.sessions as s where s.id = ${sessionId}`;
      return row ?? assert.fail(`No session ${sessionId}`);
    },
    async close() {
      await stack.stop();
      await server.close();
      assertNoSecrets(lines);
    },
  };
}
