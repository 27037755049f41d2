/**
 * Who is in `supabase/seed.sql`, for the commands that print them and the tests that sign in as them.
 *
 * @module
 */

/** A person to sign in as. */
export interface SeedUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

const PASSWORD = "correct-horse-battery-staple";

/** The people of `supabase/seed.sql`. */
export const SEED_USERS = {
  ada: {
    id: "00000000-0000-4000-8000-00000000ada1",
    email: "ada@example.com",
    password: PASSWORD,
  },
  grace: {
    id: "00000000-0000-4000-8000-0000009ace01",
    email: "grace@example.com",
    password: PASSWORD,
  },
} as const satisfies Readonly<Record<string, SeedUser>>;
