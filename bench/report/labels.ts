/**
 * What is compared with what, and how each row is called where people read it.
 *
 * @module
 */

export interface Group {
  readonly title: string;
  readonly rows: readonly GroupRow[];
}

export interface GroupRow {
  /** Without its connections. */
  readonly row: string;
  readonly label: string;
  readonly kind: "ours" | "floor" | "peer";
}

const floor = (row: string, label: string): GroupRow => ({ row, label, kind: "floor" });
const ours = (row: string, label: string): GroupRow => ({
  row: `ours/${row}`,
  label,
  kind: "ours",
});
const peer = (row: string, label: string): GroupRow => ({ row, label, kind: "peer" });

/** Each is a table, and a panel of the chart. */
export const GROUPS: readonly Group[] = [
  {
    title: "Is this browser signed in?",
    rows: [
      floor("pgbench/select", "pgbench, the select"),
      floor("pgbench/validate", "pgbench, the function"),
      floor("floor/select", "Deno.serve + one select"),
      ours("direct/ES256/p1/validate", "validate, direct"),
      ours("direct/ES256/p1/validate-session", "validate-session, direct"),
      ours("direct/ES256/p1/first-validate", "validate, token never seen, direct"),
      floor("floor/rpc-validate", "Deno.serve + one rpc()"),
      ours("rpc/ES256/p1/validate", "validate, rpc"),
      ours("rpc/ES256/p1/validate-session", "validate-session, rpc"),
      ours("rpc/ES256/p1/first-validate", "validate, token never seen, rpc"),
      peer("express-session/no-touch/session", "express-session, no touch"),
      peer("express-session/touch/session", "express-session, touch"),
      peer("better-auth/cookie-cache/get-session", "better-auth, cookie cache"),
      peer("better-auth/no-cache/get-session", "better-auth"),
    ],
  },
  {
    title: "A new refresh token and a signed access token",
    rows: [
      floor("pgbench/rotate", "pgbench, the function"),
      floor("floor/rotate/direct/HS256", "Deno.serve + rotation, HS256"),
      ours("direct/HS256/p1/refresh", "refresh, direct, HS256"),
      floor("floor/rotate/direct/ES256", "Deno.serve + rotation, ES256"),
      ours("direct/ES256/p1/refresh", "refresh, direct, ES256"),
      ours("direct/ES256/p1/auto-refresh", "validate that refreshes, direct"),
      floor("floor/rotate/rpc/HS256", "Deno.serve + rpc(), HS256"),
      ours("rpc/HS256/p1/refresh", "refresh, rpc, HS256"),
      floor("floor/rotate/rpc/ES256", "Deno.serve + rpc(), ES256"),
      ours("rpc/ES256/p1/refresh", "refresh, rpc, ES256"),
      ours("rpc/ES256/p1/auto-refresh", "validate that refreshes, rpc"),
    ],
  },
  {
    title: "Signing out",
    rows: [
      ours("direct/ES256/p1/logout", "logout, direct"),
      ours("rpc/ES256/p1/logout", "logout, rpc"),
      peer("better-auth/no-cache/sign-out", "better-auth, sign-out"),
    ],
  },
  {
    title: "Signing in: a password check",
    rows: [
      ours("rpc/ES256/p1/login", "login (bcrypt, cost 10)"),
      peer("better-auth/no-cache/sign-in", "better-auth, sign-in (scrypt)"),
    ],
  },
];
