/**
 * What was measured on, and with which versions.
 *
 * @module
 */

import type postgres from "postgres";
import type { Machine } from "./results.ts";

/** The packages whose versions matter to a figure. */
const PACKAGES = [
  "postgres",
  "@supabase/supabase-js",
  "jose",
  "hono",
  "better-auth",
  "express",
  "express-session",
  "connect-pg-simple",
  "pg",
];

export async function describeMachine(sql: postgres.Sql): Promise<Machine> {
  const { imports, scopes } = JSON.parse(
    await Deno.readTextFile(new URL("../import_map.json", import.meta.url)),
  );
  const [server] = await sql`show server_version`;
  const cpu = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    processor: /model name\s*: (.*)/.exec(cpu)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    loadBefore: Deno.loadavg()[0] ?? 0,
    deno: Deno.version.deno,
    postgresql: String(server?.["server_version"]).split(" ")[0] ?? "",
    ...Object.fromEntries(
      PACKAGES.flatMap((name) => {
        const version = /@([^@/]+)$/.exec(({ ...imports, ...scopes["./bench/"] })[name] ?? "")?.[1];
        return version ? [[name, version]] : [];
      }),
    ),
  };
}
