/**
 * The browser's key as the rest of the client sees it: it proves a request, or says why not. The package's
 * declarations lead here, so nothing here is named that only a browser has.
 *
 * @module
 */

/** The request that one proof is made for. */
export interface ProofClaims {
  readonly method: string;
  readonly url: string;
  /** The server's last challenge; a sign-in has none. */
  readonly challenge?: string | undefined;
  /** Milliseconds since the epoch. The server dates a proof by its challenge, so a wrong clock does no harm. */
  readonly issuedAt: number;
}

/** A proof, or why there is none. */
export type Proof =
  | { readonly kind: "signed"; readonly jwt: string }
  | { readonly kind: "absent" }
  /** It may be there: nothing was made and nothing deleted. Also where a browser can keep no keys. */
  | { readonly kind: "unreadable" };

export interface BrowserKey {
  /** Signs a proof. Never rejects, and takes no longer than three seconds, or six with `repairs`. */
  prove(claims: Omit<ProofClaims, "issuedAt">, options?: {
    /** Makes a key where there is none. */
    readonly creates?: boolean;
    /** Replaces a key that cannot be read, once. For a sign-in, which does not need the old one. */
    readonly repairs?: boolean;
  }): Promise<Proof>;
}
