-- The answers of sign-in steps, each for a few minutes: the same request again, from the same browser, gets
-- the answer that was lost on the way. Each is sealed, and opened by that browser's cookies alone.

alter table unified_auth.sign_in_claims add column answer text;

create function public.unified_auth_remember_answer(
  p_request bytea,
  p_answer text,
  p_keep_seconds integer
)
returns void
language sql
volatile
security definer -- service_role holds no privilege on the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  insert into unified_auth.sign_in_claims as c (claim, forgotten_at, answer)
  values (p_request, clock_timestamp() + make_interval(secs => p_keep_seconds), p_answer)
  on conflict (claim) do update
    set forgotten_at = excluded.forgotten_at, answer = excluded.answer;
$$;

comment on function public.unified_auth_remember_answer is
  'Keeps the sealed answer of a sign-in step for a repetition of its request.';

create function public.unified_auth_recall_answer(p_request bytea)
returns text
language sql
stable
security definer -- service_role holds no privilege on the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  select c.answer
  from unified_auth.sign_in_claims as c
  where c.claim = p_request and c.forgotten_at > clock_timestamp();
$$;

comment on function public.unified_auth_recall_answer is
  'The sealed answer that this request of a sign-in step had; null for none.';

revoke execute on function
  public.unified_auth_remember_answer, public.unified_auth_recall_answer
from public, anon, authenticated, service_role;
grant execute on function
  public.unified_auth_remember_answer, public.unified_auth_recall_answer
to service_role;

create or replace function public.unified_auth_last_migration()
returns bigint
language sql
immutable -- each later migration replaces it
security invoker
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  select 20261129000002;
$$;
