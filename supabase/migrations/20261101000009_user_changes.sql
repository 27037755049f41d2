-- A ban, a deletion or a new password ends the user's sessions in the same transaction.
--
-- A hard delete takes the rows with it (on delete cascade). The trigger takes no advisory lock: the
-- update that fires it holds the user's row, which a login and a logout everywhere lock too before they
-- touch a session, so either waits for the other.

create function unified_auth.end_sessions_of_changed_user()
returns trigger
language plpgsql
volatile
security definer -- Supabase Auth changes users as a role that may not see our tables
set search_path = pg_catalog, pg_temp
-- Nobody holds a session for long. Where somebody does, the change is refused as a whole and can be made
-- again: waiting on would cost Supabase Auth a connection for each try.
set lock_timeout = '5s'
as $$
declare
  v_reason public.session_revoked_reason := case
    when new.deleted_at is not null and old.deleted_at is null then 'user_deleted'
    when new.banned_until > clock_timestamp()
      and new.banned_until is distinct from old.banned_until then 'banned'
  end;
begin
  if v_reason is not null then
    perform unified_auth.end_sessions(
      array(
        select s.id
        from public.sessions as s
        where s.user_id = new.id and s.is_valid
      ),
      v_reason, 'revoked', null, '{}'
    );
  end if;
  return null;
end;
$$;

create trigger unified_auth_end_sessions
  after update of banned_until, deleted_at on auth.users
  for each row
  when (
    new.banned_until is distinct from old.banned_until
    or new.deleted_at is distinct from old.deleted_at
  )
  execute function unified_auth.end_sessions_of_changed_user();

-- A new password ends the user's sessions too, but for that of the browser that changed it.
--
-- Supabase Auth changes the password in a transaction of its own, in which nothing says who asked for it.
-- So our function announces beforehand (…_password_changes.sql) which session of Supabase Auth is about to
-- do it, and for which of ours. The announcement alone spares nobody: in the transaction of the change
-- Supabase Auth ends all sessions of the user but the one that asked (UpdatePassword in its
-- internal/models/user.go), and the trigger looks at the end of that transaction, when that one is the
-- only one left. A browser that announced a change and did not make it has lost its session there by
-- then; an administrator's change leaves none.
--
-- Nobody knew a password that was not there: the first one, and taking it away, spare the session that
-- is most recently active, in which the user has just done it.

create function unified_auth.end_sessions_of_changed_password()
returns trigger
language plpgsql
volatile
security definer -- Supabase Auth changes users as a role that may not see our tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_has_password constant boolean := new.encrypted_password <> '';
  v_had_password constant boolean := old.encrypted_password <> '';
  v_key_id_in constant text := '"key_id":"([^"]*)"'; -- where the project encrypts hashes
  v_key_id constant text := substring(new.encrypted_password, v_key_id_in);
  v_spared uuid;
begin
  if (v_has_password or v_had_password) is not true then
    return null;
  end if;

  -- A login after which Supabase Auth encrypts the hash anew, with another key, knew the password.
  if v_had_password
    and v_key_id is not distinct from substring(old.encrypted_password, v_key_id_in)
  then
    perform unified_auth.note_changed_password(new.id);
  end if;

  select c.session_id
  into v_spared
  from unified_auth.password_changes as c
  join auth.sessions as i on i.id = c.identity_session_id and i.user_id = c.user_id
  where c.user_id = new.id
    and c.announced_at > clock_timestamp() - interval '1 minute'
    and not exists (
      select 1
      from auth.sessions as o
      where o.user_id = new.id and o.id <> i.id
    );

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
-- password.
create constraint trigger unified_auth_end_sessions_of_changed_password
  after update of encrypted_password on auth.users
  deferrable initially deferred
  for each row
  when (new.encrypted_password is distinct from old.encrypted_password)
  execute function unified_auth.end_sessions_of_changed_password();
