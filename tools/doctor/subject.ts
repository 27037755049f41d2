/**
 * The deployment under check, and the means that every check may use. Only this module makes addresses
 * from the base URL.
 *
 * @module
 */

import type postgres from "postgres";
import type { Ask, NoReply, Question, Reply } from "./ask.ts";
import type { Result } from "./finding.ts";
import type { SignOut, TestSession } from "./test_session.ts";

/** The deployment, as the person who runs the doctor describes it. */
export interface Target {
  /** Where the functions answer, without a slash at the end: `https://…/functions/v1`. */
  readonly functionsUrl: string;
  /** Where the web app is, in the form that browsers send. */
  readonly appOrigin: string | null;
  readonly publishableKey: string | null;
  /** The project's own address, for the data API. Null: the access token's issuer tells. */
  readonly projectUrl: string | null;
}

/** A test account. */
export interface Account {
  readonly email: string;
  readonly password: string;
}

export type AskFunction = (path: string, question?: Question) => Promise<Reply | NoReply>;

export interface Subject {
  readonly target: Target;
  /** Asks any address. */
  readonly ask: Ask;
  /** Asks a route of the functions. */
  readonly askFunction: AskFunction;
  /** The sign-in of the test account, and the way to make more of them. */
  readonly testSession: TestSession;
  /** The same at another address of the functions. */
  readonly openTestSession: (functionsUrl: string) => TestSession;
  /** Ends every session that the doctor made. */
  readonly endTestSessions: () => Promise<SignOut>;
  readonly database: postgres.Sql | null;
}

/** Checks one property. Rejects only where the doctor itself is at fault. */
export type Check = (subject: Subject) => Promise<Result>;

/** A base URL is an origin, under which `/functions/v1` is, or it names a path itself. */
export function readFunctionsUrl(baseUrl: URL): string {
  const path = baseUrl.pathname.replace(/\/+$/, "");
  return `${baseUrl.origin}${path === "" ? "/functions/v1" : path}`;
}

export function originOf(url: string): string {
  return new URL(url).origin;
}
