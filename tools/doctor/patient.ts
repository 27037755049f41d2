/**
 * What is examined, and what every check may use. The one place that knows how addresses are made from
 * the base URL.
 *
 * @module
 */

import type postgres from "postgres";
import type { Ask, NoReply, Question, Reply } from "./ask.ts";
import type { Verdict } from "./finding.ts";
import type { SignOut, Trial } from "./trial.ts";

/** What the person who runs the doctor says of the deployment. */
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

export interface Patient {
  readonly target: Target;
  /** Asks any address. */
  readonly ask: Ask;
  /** Asks a route of the functions. */
  readonly askFunction: AskFunction;
  /** The sign-in of the test account, and the way to make more of them. */
  readonly trial: Trial;
  /** The same at another address of the functions. */
  readonly openTrial: (functionsUrl: string) => Trial;
  /** Ends every session that the doctor made. */
  readonly endTrials: () => Promise<SignOut>;
  readonly database: postgres.Sql | null;
}

/** Says one thing of a patient. Rejects only where the doctor itself is at fault. */
export type Check = (patient: Patient) => Promise<Verdict>;

/** A base URL is an origin, under which `/functions/v1` is, or it names a path itself. */
export function readFunctionsUrl(baseUrl: URL): string {
  const path = baseUrl.pathname.replace(/\/+$/, "");
  return `${baseUrl.origin}${path === "" ? "/functions/v1" : path}`;
}

export function originOf(url: string): string {
  return new URL(url).origin;
}
