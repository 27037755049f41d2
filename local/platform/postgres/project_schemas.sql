-- The contents of a Supabase project's database before the first migration. Run by the superuser,
-- supabase_admin, once per database.

create schema extensions;
create extension pgcrypto with schema extensions;
create extension "uuid-ossp" with schema extensions;
grant usage on schema extensions
  to postgres, anon, authenticated, service_role, supabase_auth_admin;
grant all on schema extensions to postgres;

-- New objects in `public` belong to the role that makes them and to no other: projects stopped exposing
-- them by default, so a grant that a migration forgot fails here as it would there. Functions keep
-- what PostgreSQL itself gives: anyone may execute them until that is revoked.
grant usage on schema public to postgres, anon, authenticated, service_role;

create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

-- PostgREST caches functions and tables until it is notified that something changed.
create function extensions.pgrst_ddl_watch()
returns event_trigger
language plpgsql
as $$
begin
  notify pgrst, 'reload schema';
end;
$$;

create event trigger pgrst_ddl_watch
  on ddl_command_end
  execute function extensions.pgrst_ddl_watch();

create event trigger pgrst_drop_watch
  on sql_drop
  execute function extensions.pgrst_ddl_watch();

create schema auth;
grant all on schema auth to supabase_auth_admin;
alter schema auth owner to supabase_admin;
grant usage on schema auth to postgres, dashboard_user, anon, authenticated, service_role;
