/**
 * Where PostgreSQL is and how to speak to it, read from a connection URL. Knows no driver.
 *
 * @module
 */

export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `unverified` encrypts and believes any certificate, as `sslmode=require` does. */
  readonly tls: "off" | "unverified" | "verified";
}

const DEFAULT_PORT = 5432;

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

/**
 * Reads `postgresql://user:password@host:port/database?sslmode=…`. Answers null if it is none.
 *
 * `sslmode` means what it means to libpq, but for its default, `prefer`, which anybody on the way can
 * talk out of encrypting: without one, TLS is off on the same machine or the same container network
 * and needed everywhere else.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress | null {
  if (!/^postgres(?:ql)?:\/\//.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)]
    .map(decode);
  const tls = readTls(url.searchParams.get("sslmode"), url.hostname);
  if (!url.hostname || !user || password === undefined || !database || tls === null) return null;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    user,
    password,
    database,
    tls,
  };
}

function readTls(mode: string | null, host: string): DatabaseAddress["tls"] | null {
  switch (mode) {
    case null:
    case "allow":
    case "prefer":
      return isNear(host) ? "off" : "unverified";
    case "disable":
      return "off";
    case "require":
      return "unverified";
    case "verify-ca":
    case "verify-full":
      return "verified";
    default:
      return null;
  }
}

/** This machine, or a name without a dot, as containers of one network call each other. */
function isNear(host: string): boolean {
  return LOOPBACK.test(host) || /^[^.:[\]]+$/.test(host);
}

function decode(component: string): string | undefined {
  try {
    return decodeURIComponent(component);
  } catch {
    return undefined; // a stray percent sign
  }
}
