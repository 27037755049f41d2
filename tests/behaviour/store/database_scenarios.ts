/**
 * A scenario for each answer of the SQL functions about the database itself: its hook, its
 * migrations and whether it can be written to.
 *
 * @module
 */

import type postgres from "postgres";
import { type Scenario } from "./opened_sessions.ts";

export async function createHook(admin: postgres.Sql, answer: string): Promise<void> {
  await admin.unsafe(`
    create or replace function public.a_hook(event jsonb) returns jsonb
    language sql as $$ select ${answer} $$`);
}

export const HOOK = "public.a_hook";
export const REFUSAL = `'{"error": {"http_code": 403, "message": "niemals — «nie»"}}'::jsonb`;
export const CHECK_ACCESS_TOKEN_HOOK: Readonly<Record<"true" | "false", Scenario>> = {
  async true({ admin, sessions }) {
    await createHook(admin, REFUSAL);
    return await sessions.store.hasAccessTokenHook(HOOK);
  },
  false: ({ sessions }) => sessions.store.hasAccessTokenHook("public.no_such_hook"),
};

export const UNIFIED_AUTH_LAST_MIGRATION: Readonly<Record<"true" | "false", Scenario>> = {
  true: ({ sessions }) => sessions.store.hasMigrations(),
  async false({ admin, sessions }) {
    await admin`alter function public.unified_auth_last_migration rename to of_later`;
    try {
      return await sessions.store.hasMigrations();
    } finally {
      await admin`alter function public.of_later rename to unified_auth_last_migration`;
    }
  },
};

export const DATABASE_IS_READ_ONLY: Readonly<Record<"ready" | "read_only", Scenario>> = {
  ready: ({ sessions }) => sessions.store.readDatabaseState(),
  async read_only({ admin, database, sessions }) {
    const setReadOnly = async (value: "on" | "off") => {
      await admin.unsafe(
        `alter database ${database.name} set default_transaction_read_only = ${value}`,
      );
      await admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
    };
    await setReadOnly("on");
    // The first call may be given a connection that is about to end.
    await sessions.store.readDatabaseState().catch(() => {});
    try {
      return await sessions.store.readDatabaseState();
    } finally {
      await setReadOnly("off");
    }
  },
};
