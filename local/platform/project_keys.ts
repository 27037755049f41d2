/**
 * The keys of a project: what a caller puts into `apikey`. Knows which role each stands for, not what
 * that role may do.
 *
 * @module
 */

/** The keys that a project's dashboard shows. */
export interface ProjectKeys {
  /** `sb_secret_…`: role `service_role`. */
  readonly secret: string;
  /** `sb_publishable_…`: role `anon`. */
  readonly publishable: string;
  /** The legacy key of `service_role`: a JWT signed with `jwtSecret`. */
  readonly serviceRole: string;
  /** The legacy key of `anon`: a JWT signed with `jwtSecret`. */
  readonly anon: string;
  /** The legacy secret: what HS256 tokens of the project are signed with. */
  readonly jwtSecret: string;
}

/** The role that a project key stands for; `undefined` when it is none of them. */
export function roleOfKey(keys: ProjectKeys, key: string): string | undefined {
  switch (key) {
    case keys.secret:
    case keys.serviceRole:
      return "service_role";
    case keys.publishable:
    case keys.anon:
      return "anon";
    default:
      return undefined;
  }
}
