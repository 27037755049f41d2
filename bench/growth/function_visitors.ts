/**
 * Browsers of a loaded population: cookies as the functions give them, for sessions that lie all over
 * the table, in slices, so that a load finds its sessions where nobody has looked yet.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Secrets } from "../../local/secrets.ts";
import { createAccessTokens } from "../../supabase/functions/_shared/access_token.ts";
import type { Lineage, SessionId, UserId } from "../../supabase/functions/_shared/brands.ts";
import {
  issueRefreshToken,
  LINEAGE_BYTES,
  REFRESH_SECRET_BYTES,
} from "../../supabase/functions/_shared/refresh_token.ts";
import { deriveSessionKeys } from "../../supabase/functions/_shared/session_keys.ts";
import {
  importSigningKeys,
  parseSigningKeys,
} from "../../supabase/functions/_shared/signing_keys.ts";
import type { Visitor } from "../load/plan.ts";
import { hs256Key } from "../ours.ts";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "../../tests/http/browser.ts";
import { countOf, inPart, loadedGeneration, sessionId } from "./population.ts";
import type { Size } from "./study.ts";

/** More than a load of refreshes for a second or two uses up. */
const SLICE = 2_500;

/** Of every session: nothing here looks at who holds which. */
const LINEAGE = new Uint8Array(LINEAGE_BYTES) as Lineage;

export interface Slice {
  readonly visitors: readonly Visitor[];
  /** Puts its sessions back to where the cookies belong, active just now: a validate reads only. */
  restore(): Promise<void>;
}

interface Row {
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  readonly generation: number;
}

export async function makeSlices(
  size: Size,
  { count, secrets, projectUrl }: {
    readonly count: number;
    readonly secrets: Secrets;
    readonly projectUrl: string;
  },
): Promise<readonly Slice[]> {
  const { SESSION_SECRET } = secrets.sessions;
  const keys = deriveSessionKeys([SESSION_SECRET], projectUrl);
  const accessTokens = createAccessTokens({
    keys: await importSigningKeys(parseSigningKeys(hs256Key(SESSION_SECRET))),
    issuer: `${projectUrl}/functions/v1/unified-auth`,
    cookieNameLength: ACCESS_COOKIE.length,
  });
  const seconds = Math.floor(Date.now() / 1000);
  const signed = { aal: "aal1", amr: [], appMetadata: {}, issuedAt: seconds };

  /** No access token twice: a process remembers those whose signature it has checked. */
  const makeVisitor = async ({ id, userId, email, generation }: Row, slice: number) => {
    const place = { sessionId: id as SessionId, generation, branch: 0 };
    const secret = createHash("sha256").update(`secret of ${id}`).digest();
    const refresh = issueRefreshToken(
      {
        ...place,
        key: null,
        lineage: LINEAGE,
        secret: new Uint8Array(secret.subarray(0, REFRESH_SECRET_BYTES)),
      },
      keys.signing,
    );
    const access = await accessTokens.sign({
      role: "authenticated",
      phone: null,
      isAnonymous: false,
      ...signed,
      ...place,
      userId: userId as UserId,
      email,
      expiresAt: seconds + 3_600 - slice,
    });
    const cookies = { [ACCESS_COOKIE]: access.token, [REFRESH_COOKIE]: refresh.raw };
    return { visitor: { cookies }, hash: refresh.hash.toHex() };
  };

  // With few sessions the slices share them; with many, each has its own.
  const parts = await readRows(size, count);
  const slices: Slice[] = [];
  for (let number = 0; number < count; number++) {
    const rows = parts[number % parts.length] ?? [];
    const made = await Promise.all(rows.map((row) => makeVisitor(row, number)));
    const slice: Slice = {
      visitors: made.map(({ visitor }) => visitor),
      restore: () => restore(size, { rows, hashes: made.map(({ hash }) => hash) }),
    };
    await slice.restore();
    slices.push(slice);
  }
  await size.admin`vacuum public.sessions`;
  return slices;
}

/** Sessions at equal distances all over the table, shuffled into slices by the hash that an id is. */
async function readRows(
  { admin, sessions }: Size,
  count: number,
): Promise<readonly (readonly Row[])[]> {
  const available = countOf("functions", sessions);
  const wanted = Math.min(available, SLICE * count);
  const rows = await admin.unsafe<Row[]>(`
    select s.id, s.user_id as "userId", u.email, s.generation
    from generate_series(0, ${wanted - 1}) as n,
      lateral (select ${inPart("functions", `(n::bigint * ${available} / ${wanted})`)}) as t (i),
      public.sessions as s, auth.users as u
    where s.id = ${sessionId("t.i")} and u.id = s.user_id and s.generation = ${
    loadedGeneration("t.i")
  }
    order by s.id`);
  return Array.from(
    { length: Math.ceil(wanted / SLICE) },
    (_, slice) => rows.slice(slice * SLICE, (slice + 1) * SLICE),
  );
}

async function restore(
  { admin }: Size,
  { rows, hashes }: { readonly rows: readonly Row[]; readonly hashes: readonly string[] },
): Promise<void> {
  await admin`
    update public.sessions as s
    set
      generation = t.generation,
      branch = 0,
      refresh_token_hash = decode(t.hash, 'hex'),
      successor_salt = null,
      successor_key_id = null,
      confirmed_at = now() - interval '10 minutes',
      issued_at = now() - interval '11 minutes',
      last_active_at = now() + interval '1 hour',
      lineage = ${LINEAGE}
    from unnest(
      ${rows.map(({ id }) => id)}::uuid[],
      ${rows.map(({ generation }) => generation)}::integer[],
      ${[...hashes]}::text[]
    ) as t (id, generation, hash)
    where s.id = t.id`;
}
