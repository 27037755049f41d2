/**
 * Refresh tokens that rotate, for the stand-ins: one rule decides what a token that was used already is
 * still worth. Time is the real clock's, moved on by `passTime`.
 *
 * @module
 */

/** A used token that is presented again. */
export interface Reuse {
  /** Its successor is the newest token. */
  readonly parentOfNewest: boolean;
  readonly rotatedSecondsAgo: number;
  /** Somebody showed the successor, or an access token that came with it. */
  readonly successorUsed: boolean;
}

export interface Issued {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly accessExpiresInSeconds: number;
  /** Seconds since 1970 by the server's clock. */
  readonly accessExpiresAt: number;
}

export interface RotatingSessions {
  /** Opens a session; there is one at a time. */
  open(): Issued;
  /** Null: refused. A reuse that the rule forbids ends the session. */
  rotate(refreshToken: string | undefined): Issued | null;
  accepts(accessToken: string | undefined): boolean;
  passTime(seconds: number): void;
  issuedCredentials(): number;
  newestCredential(): string | undefined;
}

interface Token {
  readonly refreshToken: string;
  rotatedAtSeconds: number | null;
  used: boolean;
}

export function createRotatingSessions(
  { accessTtlSeconds, allowsReuse }: {
    readonly accessTtlSeconds: number;
    readonly allowsReuse: (reuse: Reuse) => boolean;
  },
): RotatingSessions {
  let offsetSeconds = 0;
  let tokens: Token[] = [];
  let issuedCredentials = 0;
  const accessTokens = new Map<string, { readonly expiresAt: number; readonly token: Token }>();
  const now = () => Date.now() / 1000 + offsetSeconds;

  const issueAccess = (token: Token): Issued => {
    const accessExpiresAt = Math.floor(now()) + accessTtlSeconds;
    const accessToken = shapeAsJwt({ sub: "ada", exp: accessExpiresAt });
    accessTokens.set(accessToken, { expiresAt: accessExpiresAt, token });
    const { refreshToken } = token;
    return { accessToken, refreshToken, accessExpiresAt, accessExpiresInSeconds: accessTtlSeconds };
  };
  const issue = (): Issued => {
    issuedCredentials++;
    const token = { refreshToken: crypto.randomUUID(), rotatedAtSeconds: null, used: false };
    tokens.push(token);
    return issueAccess(token);
  };

  return {
    open() {
      tokens = [];
      return issue();
    },
    rotate(refreshToken) {
      const at = tokens.findIndex((token) => token.refreshToken === refreshToken);
      const presented = tokens[at];
      const newest = tokens.at(-1);
      if (!presented || !newest) return null;
      presented.used = true;
      if (presented.rotatedAtSeconds === null) {
        presented.rotatedAtSeconds = now();
        return issue();
      }
      const allowed = allowsReuse({
        parentOfNewest: at === tokens.length - 2,
        rotatedSecondsAgo: now() - presented.rotatedAtSeconds,
        successorUsed: tokens[at + 1]?.used ?? false,
      });
      if (allowed) return issueAccess(newest);
      tokens = [];
      return null;
    },
    accepts(accessToken) {
      const known = accessTokens.get(accessToken ?? "");
      if (!known || known.expiresAt <= now() || !tokens.includes(known.token)) return false;
      known.token.used = true;
      return true;
    },
    passTime(seconds) {
      offsetSeconds += seconds;
    },
    issuedCredentials: () => issuedCredentials,
    newestCredential: () => tokens.at(-1)?.refreshToken,
  };
}

/** Three parts that decode; nobody here checks the signature. */
function shapeAsJwt(claims: Readonly<Record<string, unknown>>): string {
  const encode = (part: unknown) =>
    new TextEncoder().encode(JSON.stringify(part)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  return [
    encode({ alg: "ES256", typ: "JWT" }),
    encode({ ...claims, jti: crypto.randomUUID() }),
    encode("no signature"),
  ].join(".");
}
