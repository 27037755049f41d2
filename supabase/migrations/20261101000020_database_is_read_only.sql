-- database_is_read_only: what a health check asks. Through the data API a database whose default is
-- read-only still takes writes, but nothing else does: Supabase sets that default when a disk is full.

create function public.database_is_read_only()
returns boolean
language sql
stable -- so that the data API asks for a read-only transaction, which a standby has too
security invoker
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean;
$$;

comment on function public.database_is_read_only is
  'Whether the database is a standby, or has been made read-only.';

revoke execute on function public.database_is_read_only
from public, anon, authenticated, service_role;
grant execute on function public.database_is_read_only to service_role;
