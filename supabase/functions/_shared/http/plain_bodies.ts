/**
 * Bodies that hold nothing but choices, which nearly every request has: read without zod, which is loaded
 * when the first other body comes and not at a cold start. The schemas are made from the same lists.
 *
 * @module
 */

/** A token of Supabase Auth holds the user's metadata, of which any user may write any amount. */
export const MAX_IDENTITY_TOKEN_LENGTH = 128 * 1024;

/** The allowed values by schema and member, the default first. */
export const PLAIN_BODIES = {
  validateBody: { refresh: ["auto", "never"] },
  refreshBody: {},
  logoutBody: { scope: ["local", "others", "global"] },
} as const;

type PlainBodies = typeof PLAIN_BODIES;

export type PlainBodyName = keyof PlainBodies;

export type PlainBody<Name extends PlainBodyName> = {
  readonly [Member in keyof PlainBodies[Name]]: PlainBodies[Name][Member] extends
    readonly (infer Choice)[] ? Choice : never;
};

/** The body with its defaults, or `undefined` for one that is not plainly of this shape. */
export function readPlainBody<Name extends PlainBodyName>(
  name: Name,
  value: unknown,
): PlainBody<Name> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const members = Object.entries<readonly string[]>(PLAIN_BODIES[name]);
  const said = new Map<string, unknown>(Object.entries(value));
  const chosen = members.map(([member, choices]) => {
    const choice = said.has(member) ? said.get(member) : choices[0];
    said.delete(member);
    return [member, choices.find((one) => one === choice)] as const;
  });
  const isPlain = said.size === 0 && chosen.every(([, choice]) => choice !== undefined);
  return isPlain ? Object.fromEntries(chosen) as PlainBody<Name> : undefined;
}

/** Most requests have no body, which means these. */
const DEFAULTS = Object.fromEntries(
  Object.keys(PLAIN_BODIES).map((name) => [name, readPlainBody(name as PlainBodyName, {})]),
) as { readonly [Name in PlainBodyName]: PlainBody<Name> };

export function defaultBody<Name extends PlainBodyName>(name: Name): PlainBody<Name> {
  return DEFAULTS[name];
}
