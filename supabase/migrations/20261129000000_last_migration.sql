-- unified_auth_last_migration: what a health check compares with the migrations that its functions need,
-- so that functions that were deployed before their migrations are noticed. The Supabase CLI's own record
-- cannot say it: service_role may not read it, and it is lost where a project is restored from a dump.

create function public.unified_auth_last_migration()
returns bigint
language sql
immutable -- each later migration replaces it
security invoker
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  select 20261129000000;
$$;

comment on function public.unified_auth_last_migration is
  'The number of the last migration of Unified Auth that this database has had.';

revoke execute on function public.unified_auth_last_migration
from public, anon, authenticated, service_role;
grant execute on function public.unified_auth_last_migration to service_role;
