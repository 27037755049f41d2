/**
 * Which of a name's functions a call means, by the names of its arguments.
 *
 * @module
 */
import { RestFailure } from "./errors.ts";

/** A function as a call needs to know it. */
export interface Routine {
  readonly schema: string;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly volatility: "immutable" | "stable" | "volatile";
  /** Whether it returns a set, and whether of rows, of single values or of nothing. */
  readonly returnsSet: boolean;
  readonly returns: "row" | "value" | "void";
  /** Settings of the function that count only when set before its statement starts. */
  readonly hoisted: Readonly<Record<string, string>>;
}

/** A parameter that a caller may or must give. */
export interface Parameter {
  /** Empty when it has no name. */
  readonly name: string;
  /** As SQL writes it. */
  readonly type: string;
  readonly required: boolean;
  readonly variadic: boolean;
}

/**
 * The one function that takes exactly these keys: every required parameter is there, and no key is
 * unknown. A function whose single parameter is an unnamed `json` or `jsonb` takes the whole body.
 *
 * @throws {RestFailure} PGRST202 when none fits, PGRST203 when several do.
 */
export function chooseRoutine(
  candidates: readonly Routine[],
  call: { readonly schema: string; readonly name: string; readonly keys: readonly string[] },
): Routine {
  const fitting = candidates.filter(({ parameters }) => fits(parameters, call.keys));
  const [only, other] = fitting.length > 0 ? fitting : candidates.filter(takesWholeBody);
  if (!only) throw noSuchRoutine(candidates, call);
  if (other) throw ambiguous(fitting);
  return only;
}

/** Whether the whole body is the function's one argument. */
export function takesWholeBody({ parameters: [first, second] }: Routine): boolean {
  return first?.name === "" && !second && /^jsonb?$/.test(first.type);
}

function fits(parameters: readonly Parameter[], keys: readonly string[]): boolean {
  const names = new Set(parameters.map(({ name }) => name));
  return !names.has("") && keys.every((key) => names.has(key)) &&
    parameters.every(({ name, required }) => !required || keys.includes(name));
}

function noSuchRoutine(
  candidates: readonly Routine[],
  { schema, name, keys }: { schema: string; name: string; keys: readonly string[] },
): RestFailure {
  const asked = keys.length > 0 ? `(${keys.join(", ")})` : " without parameters";
  const searched = keys.length > 0
    ? ` with parameter${keys.length > 1 ? "s" : ""} ${keys.join(", ")} or with a single unnamed ` +
      "json/jsonb parameter"
    : " without parameters";
  const names = candidates[0]?.parameters.map((parameter) => parameter.name).sort().join(", ");
  return new RestFailure({
    status: 404,
    code: "PGRST202",
    message: `Could not find the function ${schema}.${name}${asked} in the schema cache`,
    details: `Searched for the function ${schema}.${name}${searched}, ` +
      "but no matches were found in the schema cache.",
    hint: names === undefined
      ? null
      : `Perhaps you meant to call the function ${schema}.${name}(${names})`,
  });
}

function ambiguous(routines: readonly Routine[]): RestFailure {
  const listed = routines.map(({ schema, name, parameters }) =>
    `${schema}.${name}(${parameters.map((p) => `${p.name} => ${p.type}`).join(", ")})`
  );
  return new RestFailure({
    status: 300,
    code: "PGRST203",
    message: `Could not choose the best candidate function between: ${listed.join(", ")}`,
    hint: "Try renaming the parameters or the function itself in the database so function " +
      "overloading can be resolved",
  });
}
