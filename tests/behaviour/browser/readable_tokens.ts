/**
 * Every refresh token that Supabase Auth makes, and where a script of a page could find one.
 *
 * @module
 */

import type { Page } from "puppeteer-core";
import type { TestDatabase } from "../../../local/testing/test_server.ts";
import { readPlaces } from "./token_traces.ts";

export interface IssuedTokens {
  /** Those places of the page that hold a JWT, or a refresh token that Supabase Auth has ever made. */
  readableIn(page: Page): Promise<readonly string[]>;
}

const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;

/** Keeps every refresh token from now on: Supabase Auth deletes those of a session that ends. */
export async function recordIssuedTokens(database: TestDatabase): Promise<IssuedTokens> {
  const sql = database.connectAs("supabase_admin", { max: 1 });
  await sql`create table issued_refresh_tokens (token text)`;
  await sql`
    create function record_refresh_token() returns trigger security definer
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      insert into public.issued_refresh_tokens values (new.token);
      return null;
    end $$`;
  await sql`
    create trigger recorded after insert on auth.refresh_tokens
    for each row execute function record_refresh_token()`;
  return {
    async readableIn(page) {
      const refreshTokens = await sql<{ token: string }[]>`select token from issued_refresh_tokens`;
      const places = Object.entries(await readPlaces(page));
      return places.filter(([_, text]) =>
        JWT.test(text) || refreshTokens.some(({ token }) => text.includes(token))
      ).map(([name]) => name);
    },
  };
}
