-- Ending sessions on purpose, and listing them: one session, the others, or all.

create type public.revocation_outcome as enum (
  'ended', 'already_ended', 'not_found', 'not_allowed'
);

create type public.logout_scope as enum ('local', 'others', 'global');

create type public.listed_session as (
  id uuid,
  created_at timestamptz,
  last_active_at timestamptz,
  refresh_token_expires_at timestamptz,
  device_name text,
  user_agent text,
  ip inet,
  aal text
);

create function unified_auth.proves_session(
  p_session public.sessions,
  p_generation integer,
  p_branch smallint,
  p_hash bytea
) returns boolean
language sql
immutable
set search_path = ''
as $$
  -- No hash: the caller verified an access token of the session. A hash that is not the one kept for
  -- its place proves a leaked key and ends nothing. Of an older generation and a lost branch no hash is
  -- kept, so that the tag alone proves those: a browser that came back with an old cookie must be able
  -- to sign out, and a refresh with it would end the session too, as reuse.
  select p_hash is null or unified_auth.presented_token(
    p_session, p_generation, p_branch, p_hash) not in ('ahead', 'foreign');
$$;

create function public.revoke_session(
  p_session_id uuid,
  p_generation integer, -- with p_branch and p_hash: the refresh token that asks; null: another proof
  p_branch smallint,
  p_hash bytea,
  p_acting_session_id uuid, -- of the user who ends one of their own from another; null: itself
  p_reason public.session_revoked_reason,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  out outcome public.revocation_outcome,
  out acting public.validation_outcome,
  out ended integer
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables: this is the door
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  v_session public.sessions;
  v_acting public.sessions;
begin
  ended := 0;

  select * into v_session from public.sessions as s where s.id = p_session_id for update;

  if p_acting_session_id is not null then
    acting := unified_auth.session_standing(p_acting_session_id);
    if acting <> 'active' then
      outcome := 'not_allowed';
      return;
    end if;
    select * into v_acting from public.sessions as s where s.id = p_acting_session_id;
  end if;

  -- Somebody else's session is answered like one that does not exist.
  if v_session.id is null or (
    p_acting_session_id is not null and v_session.user_id <> v_acting.user_id
  ) then
    outcome := 'not_found';
    return;
  end if;
  if not v_session.is_valid then
    outcome := 'already_ended';
    return;
  end if;
  if not unified_auth.proves_session(v_session, p_generation, p_branch, p_hash) then
    outcome := 'not_allowed';
    return;
  end if;

  ended := unified_auth.end_sessions(
    array[p_session_id], p_reason,
    case when p_reason = 'logout' then 'logout' else 'revoked' end::public.session_event,
    p_ip, p_user_agent, p_request_id,
    jsonb_strip_nulls(jsonb_build_object('acting_session_id', p_acting_session_id))
  );
  outcome := 'ended';
end;
$$;

comment on function public.revoke_session is
  'Ends one session: its own by its token, or another of the same user from a live one.';

create function unified_auth.session_standing(p_session_id uuid)
returns public.validation_outcome
language sql
volatile -- sees what was committed while the caller waited for a lock
set search_path = ''
as $$
  select coalesce(
    (
      select coalesce(
        unified_auth.session_end(s, u.banned_until, u.deleted_at, clock_timestamp())::text,
        'active'
      )::public.validation_outcome
      from public.sessions as s
      join auth.users as u on u.id = s.user_id
      where s.id = p_session_id
    ),
    'not_found'
  );
$$;

create function public.revoke_user_sessions(
  p_user_id uuid, -- an operator's request; null: the user of p_session_id asks
  p_session_id uuid,
  p_generation integer, -- with p_branch and p_hash: the refresh token that asks; null: an access token
  p_branch smallint,
  p_hash bytea,
  p_scope public.logout_scope,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  out outcome public.revocation_outcome,
  out ended integer
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables: this is the door
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  v_user_id uuid := p_user_id;
  v_session public.sessions;
  v_reason public.session_revoked_reason;
begin
  ended := 0;

  if p_user_id is null then
    select s.user_id into v_user_id from public.sessions as s where s.id = p_session_id;
    if not found then
      outcome := 'not_found';
      return;
    end if;
  end if;

  -- The same lock as a login takes: a login is either before this and ended by it, or after it.
  perform pg_advisory_xact_lock(unified_auth.user_lock_key(v_user_id));

  -- Before any session: a ban or a password change holds this row while it takes the user's sessions
  -- one by one. Without the lock it would wait for the session that asks, and we for the others.
  perform 1 from auth.users as u where u.id = v_user_id for share;

  if p_user_id is null then
    select * into v_session from public.sessions as s where s.id = p_session_id for update;
    if unified_auth.session_standing(p_session_id) <> 'active' then
      outcome := 'already_ended';
      return;
    end if;
    if not unified_auth.proves_session(v_session, p_generation, p_branch, p_hash) then
      outcome := 'not_allowed';
      return;
    end if;
  end if;

  v_reason := case
    when p_user_id is not null then 'revoked_by_operator'
    when p_scope = 'others' then 'logout_others'
    when p_scope = 'global' then 'logout_global'
    else 'logout'
  end;

  ended := unified_auth.end_sessions(
    array(
      select s.id
      from public.sessions as s
      where s.user_id = v_user_id
        and s.is_valid
        and case p_scope
          when 'local' then s.id = p_session_id
          when 'others' then s.id is distinct from p_session_id
          when 'global' then true
        end
    ),
    v_reason,
    case when p_user_id is null then 'logout' else 'revoked' end::public.session_event,
    p_ip, p_user_agent, p_request_id,
    jsonb_strip_nulls(jsonb_build_object('scope', p_scope, 'acting_session_id', p_session_id))
  );
  outcome := 'ended';
end;
$$;

comment on function public.revoke_user_sessions is
  'Ends the other sessions or all sessions of a user, asked for by one of them or by an operator.';

create function public.list_user_sessions(
  p_session_id uuid, -- of the verified access token that asks
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  out outcome public.validation_outcome,
  out sessions public.listed_session[],
  out server_time timestamptz
)
language plpgsql
volatile -- records the use of a dead session's token
security definer -- service_role holds no privilege on the tables: this is the door
set search_path = ''
as $$
declare
  v_session public.sessions;
begin
  server_time := clock_timestamp();
  outcome := unified_auth.session_standing(p_session_id);
  select * into v_session from public.sessions as s where s.id = p_session_id;

  if outcome <> 'active' then
    perform unified_auth.record_use_after_end(
      v_session, p_ip, p_user_agent, p_request_id, server_time);
    return;
  end if;

  sessions := array(
    select row(
      s.id, s.created_at, s.last_active_at, s.refresh_token_expires_at, s.device_name,
      s.user_agent, s.ip, s.aal
    )::public.listed_session
    from public.sessions as s
    where s.user_id = v_session.user_id
      and s.is_valid
      and s.refresh_token_expires_at > server_time
    order by s.last_active_at desc, s.id
  );
end;
$$;

comment on function public.list_user_sessions is
  'The live sessions of the user whose live session asks, most recently active first.';
