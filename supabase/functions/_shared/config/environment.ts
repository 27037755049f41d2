/**
 * Reads environment variables into types and collects the problems, so that all of them can be reported
 * at once. Knows no variable by name, and does not read the environment itself.
 *
 * @module
 */

/** Answers the value of a variable, as `Deno.env.get` does. */
export type Environment = (name: string) => string | undefined;

interface IntegerRange {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

interface Choice<Value extends string> {
  readonly fallback: Value;
  readonly values: readonly Value[];
  /** Other spellings of a value. */
  readonly synonyms?: Readonly<Record<string, Value>>;
}

/**
 * Each method but `problem` reads one variable. An unset or blank one gives the fallback; a wrong one is
 * noted as a problem, and what is answered then is of no use (NaN for an integer).
 */
export interface EnvironmentReader {
  readonly problems: readonly string[];
  /** Notes a problem. The message must not hold a secret's value. */
  problem(name: string, message: string): void;
  /** Whether there is such a variable, though it may be blank. */
  isSet(name: string): boolean;
  /** The trimmed text, or null. */
  text(name: string): string | null;
  /** The trimmed text; without it, a problem. */
  required(name: string): string;
  /** Entries between commas or white space. */
  list(name: string): readonly string[];
  integer(name: string, range: IntegerRange): number;
  choice<Value extends string>(name: string, choice: Choice<Value>): Value;
  /** `true` or `false`. */
  flag(name: string, options: { readonly fallback: boolean }): boolean;
}

/** Makes a reader that starts without problems. */
export function createEnvironmentReader(env: Environment): EnvironmentReader {
  const problems: string[] = [];

  const problem = (name: string, message: string): void => {
    problems.push(`${name} ${message}`);
  };

  const text = (name: string): string | null => env(name)?.trim() || null;

  const choice = <Value extends string>(
    name: string,
    { fallback, values, synonyms = {} }: Choice<Value>,
  ): Value => {
    const value = text(name);
    if (value === null) return fallback;
    const chosen = values.find((candidate) => candidate === value) ?? synonyms[value];
    if (chosen === undefined) {
      problem(name, `must be ${values.join(" or ")}: ${JSON.stringify(value)}`);
    }
    return chosen ?? fallback;
  };

  return {
    problems,
    problem,
    isSet: (name) => env(name) !== undefined,
    text,
    choice,
    required(name) {
      const value = text(name);
      if (value === null) problem(name, "is missing");
      return value ?? "";
    },
    list: (name) => (text(name) ?? "").split(/[\s,]+/).filter((entry) => entry !== ""),
    integer(name, { fallback, min, max }) {
      const value = text(name);
      if (value === null) return fallback;
      const number = Number(value);
      if (/^\d{1,15}$/.test(value) && number >= min && number <= max) return number;
      problem(name, `must be a whole number from ${min} to ${max}: ${JSON.stringify(value)}`);
      return NaN;
    },
    flag: (name, { fallback }) =>
      choice(name, { fallback: fallback ? "true" : "false", values: ["true", "false"] }) === "true",
  };
}
