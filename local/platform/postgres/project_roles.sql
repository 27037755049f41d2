-- The roles of a Supabase project, once per cluster. Run by the superuser, supabase_admin.

create role postgres
  login createdb createrole replication bypassrls nosuperuser password 'postgres';

create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;

-- PostgREST signs in as this role and then becomes one of the three above; it has no privileges itself.
create role authenticator login noinherit password 'postgres';
grant anon, authenticated, service_role to authenticator;

-- A project's own `postgres` is no superuser: a migration that needs one fails here as it would there.
grant anon, authenticated, service_role to postgres with admin option;
grant authenticator to postgres;
grant pg_monitor, pg_read_all_data, pg_signal_backend, pg_create_subscription to postgres;

create role supabase_auth_admin login noinherit password 'postgres';
create role dashboard_user nologin createdb createrole replication;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
