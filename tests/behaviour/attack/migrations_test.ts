import assert from "node:assert/strict";

const MIGRATIONS = new URL("../../../supabase/migrations/", import.meta.url);

/** Every `update` and `delete` that runs without a `where`, as the platform's safeupdate sees it. */
function unsafeStatements(sql: string): readonly string[] {
  const code = sql
    .replace(/--[^\n]*/g, "")
    .replace(/'(?:[^']|'')*'/g, "''");
  const starts = code.matchAll(
    /\b(?:update\s+(?:only\s+)?[\w.]+(?:\s+(?:as\s+)?\w+)?\s+set|delete\s+from)\b/gi,
  );
  return [...starts]
    .map(({ index }) => statementAt(code, index))
    .filter((statement) => !/\bwhere\b/i.test(withoutParentheses(statement)));
}

/** To the semicolon, or to the parenthesis that closes what the statement stands in. */
function statementAt(code: string, start: number): string {
  let depth = 0;
  for (let at = start; at < code.length; at += 1) {
    const character = code[at];
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (depth < 0 || (depth === 0 && character === ";")) return code.slice(start, at);
  }
  return code.slice(start);
}

/** A `where` in a subquery is not the statement's own. */
function withoutParentheses(statement: string): string {
  const inner = /\([^()]*\)/g;
  const outer = statement.replace(inner, "");
  return outer === statement ? outer : withoutParentheses(outer);
}

Deno.test("every update and delete of the migrations has its own where", async () => {
  let statements = 0;
  for await (const { name } of Deno.readDir(MIGRATIONS)) {
    const sql = await Deno.readTextFile(new URL(name, MIGRATIONS));
    statements += sql.match(/\b(update\s+[\w.]+\s+as\s+\w+\s+set|delete\s+from)\b/gi)?.length ?? 0;
    assert.deepEqual(unsafeStatements(sql), [], name);
  }
  assert.ok(statements >= 8, `only ${statements} were found`);
});

Deno.test("the search for a missing where finds one, and no other word for it", () => {
  const bad = [
    "update public.sessions set is_valid = false;",
    "update public.sessions as s set ip = (select ip from x where x.id = 1);",
    "with gone as (delete from public.sessions returning id) select 1 where true;",
    "delete from public.sessions -- where id = 1\n;",
    "delete from public.sessions using dead returning 'where';",
  ];
  for (const sql of bad) assert.equal(unsafeStatements(sql).length, 1, sql);
  const good = [
    "delete from a where true;",
    "insert into a values (1) on conflict (id) do update set b = 1;",
    "select 1 from a for update;",
    "create trigger t after update of b on a execute function f();",
  ];
  for (const sql of good) assert.deepEqual(unsafeStatements(sql), [], sql);
});
