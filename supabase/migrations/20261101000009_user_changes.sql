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
as $$
declare
  v_reason public.session_revoked_reason := case
    when new.deleted_at is not null and old.deleted_at is null then 'user_deleted'
    when new.banned_until > clock_timestamp()
      and new.banned_until is distinct from old.banned_until then 'banned'
    when new.encrypted_password is distinct from old.encrypted_password then 'password_changed'
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
  after update of banned_until, deleted_at, encrypted_password on auth.users
  for each row
  when (
    new.banned_until is distinct from old.banned_until
    or new.deleted_at is distinct from old.deleted_at
    or new.encrypted_password is distinct from old.encrypted_password
  )
  execute function unified_auth.end_sessions_of_changed_user();
