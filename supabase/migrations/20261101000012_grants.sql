-- Every grant of the project. Written out in full, because some projects still grant everything in
-- public to anon and authenticated by default, and new ones grant nothing, not even to service_role.
-- No default privilege is changed: those belong to the project that this lands in.

revoke all on table public.sessions from public, anon, authenticated, service_role;
revoke all on table public.session_events from public, anon, authenticated, service_role;
revoke all on sequence public.session_events_id_seq
  from public, anon, authenticated, service_role;

revoke all on schema unified_auth from public;
revoke all on table unified_auth.login_throttle, unified_auth.changed_passwords
  from public, anon, authenticated, service_role;
revoke all on sequence unified_auth.purge_windows, unified_auth.oldest_event
  from public, anon, authenticated, service_role;
revoke execute on all functions in schema unified_auth
  from public, anon, authenticated, service_role;

revoke execute on function
  public.create_session,
  public.validate_session,
  public.rotate_session,
  public.revoke_session,
  public.revoke_user_sessions,
  public.list_user_sessions,
  public.check_login_allowed,
  public.record_login_failure,
  public.purge_sessions,
  public.session_is_live
from public, anon, authenticated, service_role;

grant execute on function
  public.create_session,
  public.validate_session,
  public.rotate_session,
  public.revoke_session,
  public.revoke_user_sessions,
  public.list_user_sessions,
  public.check_login_allowed,
  public.record_login_failure,
  public.purge_sessions
to service_role;

-- A policy is evaluated as the role that asks: it needs the way to the one function it calls.
grant usage on schema unified_auth to authenticated;
grant execute on function unified_auth.session_is_live to authenticated;
grant execute on function public.session_is_live to authenticated;
