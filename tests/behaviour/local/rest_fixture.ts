/**
 * A project without functions, with SQL functions of every shape that PostgREST tells apart.
 *
 * @module
 */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";

const SHAPES = `
  create type public.pair as (left_value int, right_value text);

  create function public.add(p_a int, p_b int default 10) returns int
    language sql as 'select p_a + p_b';
  create function public.echo_types(p_id uuid, p_at timestamptz, p_bytes bytea, p_json jsonb)
    returns jsonb language sql
    as 'select jsonb_build_object(''id'', p_id, ''at'', p_at, ''bytes'', p_bytes,
                                  ''json_is_null'', p_json is null)';
  create function public.nothing() returns void language sql as 'select';
  create function public.null_text() returns text language sql as 'select null::text';
  create function public.one_pair() returns public.pair
    language sql as 'select row(1, ''one'')::public.pair';
  create function public.null_pair() returns public.pair
    language sql as 'select null::public.pair';
  create function public.two_out(out a int, out b text) language sql as 'select 1, null::text';
  create function public.one_out(out a int) language sql as 'select 1';
  create function public.numbers(p_count int) returns setof int
    language sql as 'select generate_series(1, p_count)';
  create function public.rows(p_count int) returns table (n int, raw bytea)
    language sql as 'select n, ''\\x01ff''::bytea from generate_series(1, p_count) as n';
  create function public.whole_body(json) returns json language sql as 'select $1';
  create function public.sum_all(variadic p_numbers int[]) returns bigint
    language sql as 'select sum(n) from unnest(p_numbers) as n';
  create function public.either(p_value int) returns text language sql as 'select ''int''';
  create function public.either(p_value text) returns text language sql as 'select ''text''';

  create function public.context() returns jsonb language sql stable as $$
    select jsonb_build_object(
      'current_user', current_user,
      'session_user', session_user,
      'auth_role', auth.role(),
      'auth_uid', auth.uid(),
      'claims', current_setting('request.jwt.claims')::jsonb,
      'method', current_setting('request.method'),
      'path', current_setting('request.path'),
      'header', current_setting('request.headers')::json ->> 'x-custom',
      'cookie', current_setting('request.cookies')::json ->> 'crumb',
      'search_path', current_setting('search_path'),
      'statement_timeout', current_setting('statement_timeout'),
      'read_only', current_setting('transaction_read_only')
    )
  $$;

  create table public.notes (id int primary key, owner uuid, body text not null);
  alter table public.notes enable row level security;
  create policy "owners read" on public.notes for select to authenticated using (owner = auth.uid());
  grant select on public.notes to authenticated;
  create table public.ungranted (id int);

  create function public.write_note(p_id int, p_body text) returns int
    language sql security definer
    as 'insert into public.notes (id, body) values (p_id, p_body) returning id';
  create function public.write_many() returns setof int
    language sql security definer
    as 'insert into public.notes (id, body) values (901, ''a''), (902, ''b'') returning id';
  create function public.stable_writer() returns int
    language sql stable as $$ select public.write_note(800, 'x') $$;
  create function public.read_ungranted() returns bigint
    language sql as 'select count(*) from public.ungranted';
  create function public.raise_error(p_code text, p_message text) returns void
    language plpgsql as $$ begin raise exception using errcode = p_code, message = p_message,
      detail = 'the detail', hint = 'the hint'; end $$;
  create function public.raise_answer() returns void language plpgsql as $$
    begin raise sqlstate 'PGRST' using
      message = '{"code": "123", "message": "custom", "details": "d", "hint": "h"}',
      detail = '{"status": 429, "headers": {"retry-after": "7"}}'; end $$;
  create function public.answer_teapot() returns text language sql as $$
    select set_config('response.status', '418', true) || set_config(
      'response.headers', '[{"x-tea": "green"}, {"x-tea": "black"}]', true)
  $$;
  create function public.answer_nonsense() returns text
    language sql as $$ select set_config('response.status', 'tea', true) $$;
  create function public.sleep(p_seconds float8) returns void
    language sql as 'select pg_sleep(p_seconds)';
  create function public.sleep_briefly(p_seconds float8) returns void
    language sql set statement_timeout = '150ms' as 'select pg_sleep(p_seconds)';
  create function public.private_to_service() returns int language sql as 'select 1';
  revoke execute on function public.private_to_service() from public;
  grant execute on function public.private_to_service() to service_role;
`;

/** A stack over the shapes, and clients of supabase-js with each key. */
export interface RestFixture {
  readonly stack: TestStack;
  /** With the secret key: role `service_role`. */
  readonly service: SupabaseClient;
  /** With the publishable key: role `anon`. */
  readonly anonymous: SupabaseClient;
  /** A raw call with the secret key. */
  call(name: string, init?: RequestInit & { readonly query?: string }): Promise<Response>;
  close(): Promise<void>;
}

export async function openRestFixture(): Promise<RestFixture> {
  const server = await openTestServer();
  const stack = await server.startStack({ functions: [] });
  await stack.database.connect({ max: 1 }).unsafe(SHAPES);
  const { baseUrl, keys } = stack;
  return {
    stack,
    service: createClient(baseUrl, keys.secret, { auth: STATELESS }),
    anonymous: createClient(baseUrl, keys.publishable, { auth: STATELESS }),
    call: (name, { query = "", headers, ...init } = {}) =>
      fetch(`${baseUrl}/rest/v1/rpc/${name}${query}`, {
        method: "POST",
        ...init,
        headers: { apikey: keys.secret, "content-type": "application/json", ...headers },
      }),
    async close() {
      await stack.stop();
      await server.close();
    },
  };
}

/** A client that keeps nothing and starts no timer. */
export const STATELESS = {
  persistSession: false,
  autoRefreshToken: false,
  detectSessionInUrl: false,
} as const;
