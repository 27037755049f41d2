-- Which browser is about to change its user's password: announced by our function, which asks Supabase Auth
-- for the change right after, and read by the trigger of …_user_changes.sql.

create table unified_auth.password_changes (
  identity_session_id uuid primary key, -- in auth.sessions, which our function opened for the change
  session_id uuid not null references public.sessions (id) on delete cascade,
  user_id uuid not null,
  announced_at timestamptz not null
);

create index password_changes_session_id_idx on unified_auth.password_changes (session_id);

alter table unified_auth.password_changes enable row level security;
create policy password_changes_only_through_functions on unified_auth.password_changes
  for all to public using (false) with check (false);

create function public.announce_password_change(
  p_user_id uuid,
  p_session_id uuid,
  p_identity_session_id uuid
)
returns void
language plpgsql
volatile
security definer -- service_role holds no privilege on the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  delete from unified_auth.password_changes as c
  where c.announced_at < v_now - interval '1 minute';

  insert into unified_auth.password_changes as c
    (identity_session_id, session_id, user_id, announced_at)
  select p_identity_session_id, s.id, s.user_id, v_now
  from public.sessions as s
  where s.id = p_session_id and s.user_id = p_user_id and s.is_valid
  on conflict (identity_session_id) do update set announced_at = excluded.announced_at;
end;
$$;

comment on function public.announce_password_change is
  'Says that a session of Supabase Auth is about to change its user''s password for one of our sessions.';

revoke all on table unified_auth.password_changes from public, anon, authenticated, service_role;
revoke execute on function public.announce_password_change
  from public, anon, authenticated, service_role;
grant execute on function public.announce_password_change to service_role;
