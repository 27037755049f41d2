import assert from "node:assert/strict";
import {
  COMPOSITE_FIELDS,
  type CompositeName,
  writeComposite,
} from "../../../supabase/functions/_shared/store/postgres/composites.ts";
import { openSqlFixture } from "./sql_fixture.ts";

Deno.test("the direct store writes the fields of a row in the order of its type", async () => {
  await using fixture = await openSqlFixture();
  const rows = await fixture.admin<{ type: string; fields: readonly string[] }[]>`
    select c.relname::text as type, array_agg(a.attname::text order by a.attnum) as fields
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relname = any (${
    Object.keys(COMPOSITE_FIELDS)
  })
    group by c.relname`;
  assert.deepEqual(
    Object.fromEntries(rows.map(({ type, fields }) => [type, fields])),
    COMPOSITE_FIELDS,
  );
});

Deno.test("a row that the direct store writes is read as it was, whatever is in it", async () => {
  await using fixture = await openSqlFixture();
  const texts = ["", "null", "a,b", '"', "\\", '\\"(),{}', "ä\n\t🙂", " blank ", "'"];
  const read = async (type: CompositeName, value: object) => {
    const [row] = await fixture.admin.unsafe<{ value: unknown }[]>(
      `select to_json($1::public.${type}) as value`,
      [writeComposite(type, value)],
    );
    return row?.value;
  };
  for (const text of texts) {
    const context = { ip: null, user_agent: text, request_id: null };
    assert.deepEqual(await read("request_context", context), context);
    const policy = { issuer: text, allowed_roles: [text, "b"], hook: null };
    assert.deepEqual(await read("access_token_policy", policy), policy);
  }
});
