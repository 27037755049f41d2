/**
 * The emulator's knowledge of the database. Functions are looked up in `pg_proc` when they are first called
 * and remembered until the database says that something changed, as PostgREST's schema cache is.
 *
 * @module
 */
import type postgres from "postgres";
import type { Connections } from "../postgres/connections.ts";
import type { Parameter, Routine } from "./routines.ts";

/** The emulator's knowledge of the database. */
export interface Catalog {
  findRoutines(schema: string, name: string): Promise<readonly Routine[]>;
  /** The settings of a role, such as its `statement_timeout`. */
  settingsOf(role: string): Promise<Readonly<Record<string, string>>>;
  /** Drops what is remembered, because a connection was lost or the database said so. */
  forget(): void;
}

/**
 * Looks things up on a connection that listens for changes. When a connection is lost, the caller that made it
 * must call `forget`: what it would have heard meanwhile is unknown.
 */
export function createCatalog(connections: Connections): Catalog {
  const routines = new Map<string, readonly Routine[]>();
  let roles: ReadonlyMap<string, Readonly<Record<string, string>>> | undefined;

  const lookUp = <Found>(read: (sql: postgres.Sql) => Promise<Found>) =>
    connections.withConnection(async ({ sql }) => {
      await sql.unsafe(`listen ${CHANGES}`);
      return await read(sql);
    });

  return {
    async findRoutines(schema, name) {
      const key = JSON.stringify([schema, name]);
      const known = routines.get(key);
      if (known) return known;
      const found = await lookUp((sql) => readRoutines(sql, schema, name));
      // A function that is missing now may be made the next moment: only finds are remembered.
      if (found.length > 0) routines.set(key, found);
      return found;
    },
    async settingsOf(role) {
      roles ??= await lookUp(readRoleSettings);
      return roles.get(role) ?? {};
    },
    forget() {
      routines.clear();
      roles = undefined;
    },
  };
}

/** The channel on which the database announces changes, as a project's does: see `project_schemas.sql`. */
export const CHANGES = "pgrst";

interface RoutineRow {
  readonly names: readonly (string | null)[] | null;
  readonly types: readonly string[] | null;
  readonly defaults: number;
  readonly variadic: boolean;
  readonly volatility: string;
  readonly returns_set: boolean;
  readonly returns: Routine["returns"];
  readonly config: readonly string[] | null;
}

async function readRoutines(
  sql: postgres.Sql,
  schema: string,
  name: string,
): Promise<readonly Routine[]> {
  const rows = await sql<RoutineRow[]>`
    select
      (
        select json_agg(argument.name order by argument.position)
        from unnest(proc.proargnames, proc.proargmodes)
          with ordinality as argument (name, mode, position)
        where coalesce(argument.mode, 'i') in ('i', 'b', 'v')
      ) as names,
      (
        select json_agg(format_type(argument.type, null) order by argument.position)
        from unnest(proc.proargtypes) with ordinality as argument (type, position)
      ) as types,
      proc.pronargdefaults as defaults,
      proc.provariadic <> 0 as variadic,
      proc.provolatile as volatility,
      proc.proretset as returns_set,
      case
        when type.typtype = 'c' or proc.proargmodes && '{t,b,o}'::"char"[] then 'row'
        when type.oid = 'void'::regtype then 'void'
        else 'value'
      end as returns,
      to_json(proc.proconfig) as config
    from pg_proc as proc
    join pg_namespace as namespace on namespace.oid = proc.pronamespace
    join pg_type as type on type.oid = proc.prorettype
    where proc.prokind = 'f' and namespace.nspname = ${schema} and proc.proname = ${name}
    order by proc.oid`;
  return rows.map((row) => ({
    schema,
    name,
    parameters: parametersOf(row),
    volatility: row.volatility === "i"
      ? "immutable"
      : row.volatility === "s"
      ? "stable"
      : "volatile",
    returnsSet: row.returns_set,
    returns: row.returns,
    hoisted: hoistedSettings(row.config ?? []),
  }));
}

function parametersOf({ names, types, defaults, variadic }: RoutineRow): readonly Parameter[] {
  const all = types ?? [];
  return all.map((type, index) => ({
    name: names?.[index] ?? "",
    type,
    required: index < all.length - defaults && !(variadic && index === all.length - 1),
    variadic: variadic && index === all.length - 1,
  }));
}

const HOISTED = new Set(["statement_timeout", "default_transaction_isolation"]);

function hoistedSettings(config: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(splitSettings(config).filter(([name]) => HOISTED.has(name)));
}

function splitSettings(config: readonly string[]): [string, string][] {
  return config.map((setting) => {
    const equals = setting.indexOf("=");
    return [setting.slice(0, equals), setting.slice(equals + 1)];
  });
}

async function readRoleSettings(
  sql: postgres.Sql,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const rows = await sql<{ role: string; config: readonly string[] }[]>`
    select rolname as role, to_json(rolconfig) as config
    from pg_roles
    where rolconfig is not null and pg_has_role(rolname, 'member')`;
  return new Map(rows.map(({ role, config }) => [
    role,
    Object.fromEntries(splitSettings(config).filter(([name]) => name !== "search_path")),
  ]));
}
