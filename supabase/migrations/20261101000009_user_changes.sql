-- A ban or a deletion ends the user's sessions in the same transaction. A new password does too, but for
-- that of the browser that changed it: …_password_changes.sql.
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
