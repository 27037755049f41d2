"use server";

import { readVisit } from "../visit";

/** A write on the visitor's behalf: nothing may be written on the strength of a graced session. */
export async function save(): Promise<string> {
  const { canMutate, user } = await readVisit();
  return canMutate ? `saved for ${user?.email}` : "refused";
}
