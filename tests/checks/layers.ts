/**
 * The layer rules of docs/architecture.md: who may import whom, and what some files must not name.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { type Import, readImports } from "./import_graph.ts";
import { judgeShelves } from "./shelves.ts";
import { readSourceFiles, type SourceFile } from "./source_files.ts";

interface ImportRule {
  readonly rule: string;
  readonly from: RegExp;
  /** A file that is excepted: the one that the rule makes room for. */
  readonly except?: RegExp;
  /** Modules that must not be imported. */
  readonly forbidden: RegExp;
}

interface NameRule {
  readonly rule: string;
  readonly in: RegExp;
  readonly except?: RegExp;
  readonly forbidden: RegExp;
}

const SHARED = "^supabase/functions/_shared";

export const IMPORT_RULES: readonly ImportRule[] = [
  {
    rule: "supabase/ imports nothing outside itself: it deploys alone",
    from: /^supabase\//,
    forbidden:
      /^(?!supabase\/|node:|npm:\/?(?:@noble\/hashes|@supabase\/supabase-js|bowser|hono|jose|pg|zod)@)/,
  },
  {
    rule: "only the direct way to the database knows the driver",
    from: /^supabase\//,
    except: new RegExp(`${SHARED}/store/(?:sql_functions_postgres|postgres/[a-z_]+)\\.ts$`),
    forbidden: /^npm:\/?pg@/,
  },
  {
    rule: "client/ imports nothing outside itself: it publishes alone",
    from: /^client\//,
    // The build makes the package; it is not in it.
    except: /^client\/build\.ts$/,
    forbidden: /^(?!client\/|npm:\/?(?:@types\/)?react(?:-dom)?@)/,
  },
  {
    rule: "a unit test starts no project and no database",
    from: /^tests\/unit\//,
    forbidden: /\/(?:test_server|test_database|\w*fixture)\.ts$(?<!^tests\/unit\/.*)/,
  },
  {
    rule: "nothing but tests and bench imports local/",
    from: /^(?!local\/|tests\/|bench\/)/,
    forbidden: /^local\//,
  },
  {
    rule: "nothing imports tests/ but tests and bench",
    from: /^(?!tests\/|bench\/)/,
    forbidden: /^tests\//,
  },
  {
    rule: "nothing imports bench/",
    from: /^(?!bench\/)/,
    forbidden: /^bench\//,
  },
  {
    rule: "handlers know neither the store nor Supabase Auth",
    from: new RegExp(`${SHARED}/http/`),
    forbidden: /\/store\/(?!(?:session|sign_in)_store\.ts$)|\/identity\/supabase_auth|supabase-js/,
  },
  {
    rule: "use cases know their interfaces alone: no HTTP, no SQL, no configuration, no package",
    from: new RegExp(`${SHARED}/(?:sessions|sign_in)/`),
    forbidden:
      /\/(?:http|config)\/|\/store\/(?!(?:session|sign_in)_store\.ts$)|\/supabase_auth|^npm:/,
  },
  {
    rule: "tokens are plain: they know no store, no request and no session",
    from: new RegExp(`${SHARED}/tokens/`),
    forbidden: /\/(?:http|store|sessions|sign_in|config)\//,
  },
  {
    rule: "only the composition knows which implementation stands behind an interface",
    from: /^supabase\//,
    except: new RegExp(`${SHARED}/composition\\.ts$`),
    forbidden:
      /\/(?:sql_session_store|sql_sign_in_store|sql_functions_(?:data_api|postgres)|supabase_auth(?:_sign_in)?|config)\.ts$/,
  },
];

export const NAME_RULES: readonly NameRule[] = [
  {
    rule: "only a function's index.ts reaches for the environment",
    in: /^supabase\/.*\.ts$/,
    except: /^supabase\/functions\/[a-z-]+\/index\.ts$/,
    forbidden: /\bDeno\.env\b|\bprocess\.env\b/,
  },
  {
    rule: "use cases never see a request or an answer",
    in: new RegExp(`${SHARED}/(?:sessions|sign_in)/`),
    forbidden: /\b(?:Request|Response|Headers)\b/,
  },
  {
    rule: "use cases are given time, randomness and network",
    in: new RegExp(`${SHARED}/(?:sessions|sign_in)/`),
    forbidden:
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bcrypto\.|\bsetTimeout\b|\bfetch\(|\bDeno\./,
  },
];

export const layerRules: Check = {
  name: "layer rules",
  async run() {
    const files = await readSourceFiles({ extensions: [".ts", ".tsx"] });
    const imports = await readImports(files.map(({ path }) => path));
    return [...judgeImports(imports), ...judgeShelves(imports), ...files.flatMap(judgeNames)];
  },
};

/** Which imports break a rule. */
export function judgeImports(imports: readonly Pick<Import, "from" | "to">[]): readonly string[] {
  return imports.flatMap(({ from, to }) =>
    IMPORT_RULES
      .filter((rule) => rule.from.test(from) && !rule.except?.test(from) && rule.forbidden.test(to))
      .map(({ rule }) => `${from} imports ${to}: ${rule}`)
  );
}

/** Which lines of code, not of comments, break a rule. */
export function judgeNames({ path, text }: SourceFile): readonly string[] {
  const rules = NAME_RULES.filter((rule) => rule.in.test(path) && !rule.except?.test(path));
  return text.split("\n").flatMap((line, index) =>
    /^\s*(?:\/?\*|\/\/)/.test(line) ? [] : rules
      .filter(({ forbidden }) => forbidden.test(line))
      .map(({ rule }) => `${path}:${index + 1} ${line.trim()}: ${rule}`)
  );
}
