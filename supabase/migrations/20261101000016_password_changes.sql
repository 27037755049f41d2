-- A new password ends the user's sessions in the same transaction, but for that of the browser that changed
-- it.
--
-- Supabase Auth changes the password in a transaction of its own, in which nothing says who asked for it.
-- So our function announces beforehand which session of Supabase Auth is about to do it, and for which of
-- ours. The announcement alone spares nobody: in the transaction of the change Supabase Auth ends all
-- sessions of the user but the one that asked (UpdatePassword in its internal/models/user.go), and the
-- trigger looks at the end of that transaction, when that one is the only one left. A browser that
-- announced a change and did not make it has lost its session there by then; an administrator's change
-- leaves none.
--
-- Nobody knew a password that was not there: the first one, and taking it away, spare the session that
-- is most recently active, in which the user has just done it.

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

create function unified_auth.session_that_changes_password(p_user_id uuid)
returns uuid
language sql
volatile -- it must see what the transaction of the change has done
set search_path = pg_catalog, pg_temp
as $$
  select c.session_id
  from unified_auth.password_changes as c
  join auth.sessions as i on i.id = c.identity_session_id and i.user_id = c.user_id
  where c.user_id = p_user_id
    and c.announced_at > clock_timestamp() - interval '1 minute'
    and not exists (
      select 1
      from auth.sessions as o
      where o.user_id = p_user_id and o.id <> i.id
    );
$$;

comment on function unified_auth.session_that_changes_password is
  'Our session of the browser whose session of Supabase Auth is the only one that the change has left.';

create function unified_auth.end_sessions_of_changed_password()
returns trigger
language plpgsql
volatile
security definer -- Supabase Auth changes users as a role that may not see our tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s' -- as in …_user_changes.sql
as $$
declare
  v_has_password constant boolean := new.encrypted_password <> '';
  v_had_password constant boolean := old.encrypted_password <> '';
  v_spared uuid := unified_auth.session_that_changes_password(new.id);
begin
  if (v_has_password or v_had_password) is not true then
    return null;
  end if;
  if v_spared is null and (v_has_password and v_had_password) is not true then
    select s.id
    into v_spared
    from public.sessions as s
    where s.user_id = new.id and s.is_valid
    order by s.last_active_at desc, s.created_at desc, s.id
    limit 1;
  end if;
  perform unified_auth.end_sessions(
    array(
      select s.id
      from public.sessions as s
      where s.user_id = new.id and s.is_valid and s.id is distinct from v_spared
    ),
    'password_changed', 'revoked', null, '{}'
  );
  return null;
end;
$$;

-- Deferred to the end of the transaction: Supabase Auth ends its other sessions after it has written the
-- password. The update holds the user's row until then, which a login and a logout everywhere lock too
-- before they touch a session, so either waits for the other.
create constraint trigger unified_auth_end_sessions_of_changed_password
  after update of encrypted_password on auth.users
  deferrable initially deferred
  for each row
  when (new.encrypted_password is distinct from old.encrypted_password)
  execute function unified_auth.end_sessions_of_changed_password();

revoke all on table unified_auth.password_changes from public, anon, authenticated, service_role;
revoke execute on function
  unified_auth.session_that_changes_password,
  unified_auth.end_sessions_of_changed_password,
  public.announce_password_change
from public, anon, authenticated, service_role;
grant execute on function public.announce_password_change to service_role;
