-- unified_auth_validate_sessions: many calls of validate_session in one, for validates that come at once
-- through the data API. A request there is a transaction with seven settings, and costs more than the
-- call in it.

create type public.unified_auth_validation as (
  number integer, -- by which the caller knows the answer again
  session_id uuid,
  generation integer,
  branch smallint,
  may_confirm boolean,
  context public.request_context
);

-- One value and no rows: a project may let the data API answer fewer rows than there were calls.
create function public.unified_auth_validate_sessions(
  p_validations public.unified_auth_validation[],
  p_policy public.session_policy
)
returns json
language plpgsql
volatile -- validate_session writes, and must see what others have committed meanwhile
security invoker
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
begin
  return (
    select json_agg(json_build_object(
      'number', v.number,
      'answer', public.validate_session(
        v.session_id, v.generation, v.branch, v.may_confirm, p_policy, v.context)
    ))
    from unnest(p_validations) as v
  );
end;
$$;

comment on function public.unified_auth_validate_sessions is
  'Calls validate_session for each, which waits for no row, and answers a number and its answer for each; an error of one is an error of all.';

revoke execute on function public.unified_auth_validate_sessions
from public, anon, authenticated, service_role;
grant execute on function public.unified_auth_validate_sessions to service_role;

create or replace function public.unified_auth_last_migration()
returns bigint
language sql
immutable -- each later migration replaces it
security invoker
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  select 20261129000001;
$$;
