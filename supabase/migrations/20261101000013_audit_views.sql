-- What the audits read: three views of the two tables. They are for an operator who is connected to
-- the database, not for the API: the schema is not exposed, nobody is granted anything, and a view
-- reads with the rights of who asks.

-- A view pins the columns that it reads: an upgrade of Supabase Auth that alters the type of one would be
-- refused, and Supabase Auth would not start. A function pins none.
create function unified_auth.session_user(
  p_user_id uuid,
  out email text,
  out banned_until timestamptz,
  out deleted_at timestamptz
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select u.email, u.banned_until, u.deleted_at
  from auth.users as u
  where u.id = p_user_id;
$$;

create view unified_auth.live_sessions with (security_invoker = true) as
select
  s.id,
  s.user_id,
  u.email,
  s.device_name,
  s.user_agent,
  s.ip,
  s.aal,
  s.generation,
  s.created_at,
  s.last_active_at,
  s.access_token_expires_at,
  s.refresh_token_expires_at
from public.sessions as s
cross join lateral unified_auth.session_user(s.user_id) as u
where unified_auth.session_end(s, u.banned_until, u.deleted_at, now()) is null;

comment on view unified_auth.live_sessions is
  'The sessions that a refresh would continue now, with their users.';

create view unified_auth.refresh_attempts with (security_invoker = true) as
select
  e.id,
  e.occurred_at,
  e.session_id,
  e.user_id,
  e.ip,
  e.user_agent,
  e.event,
  e.event in ('refresh', 'auto_refresh', 'replay', 'reissue', 'rebound') as succeeded,
  coalesce(e.detail ->> 'outcome', e.event::text) as outcome,
  e.detail ->> 'presented' as presented
from public.session_events as e
where e.event in (
  'refresh', 'auto_refresh', 'replay', 'reissue', 'rebound', 'proof_refused',
  'reuse_detected', 'used_after_revocation', 'key_compromise_suspected'
);

comment on view unified_auth.refresh_attempts is
  'Every recorded use of a refresh token, and every use of a dead session, with what became of it.';

create view unified_auth.ended_sessions with (security_invoker = true) as
select
  s.id,
  s.user_id,
  s.user_agent,
  s.created_at,
  s.last_active_at,
  least(s.revoked_at, s.refresh_token_expires_at) as ended_at,
  case when r.was_revoked then s.revoked_reason::text else 'expired' end as reason,
  -- An expired session was not in use while it waited to expire.
  case when r.was_revoked then s.revoked_at else s.last_active_at end - s.created_at as length
from public.sessions as s
-- A ban, a new password and a logout everywhere mark sessions too that had expired before.
cross join lateral (
  select coalesce(s.revoked_at <= s.refresh_token_expires_at, false) as was_revoked
) as r
where not s.is_valid or s.refresh_token_expires_at <= now();

comment on view unified_auth.ended_sessions is
  'Sessions that are over and not yet purged: how each ended, and how long it was in use.';

revoke all on table
  unified_auth.live_sessions,
  unified_auth.refresh_attempts,
  unified_auth.ended_sessions
from public, anon, authenticated, service_role;
revoke execute on function unified_auth.session_user
from public, anon, authenticated, service_role;
