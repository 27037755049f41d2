-- validate_session: is the session of a genuine access token live, and which user's is it?
--
-- Every request runs it. An expression is prepared anew in each transaction, each function and
-- operator in it, whether it is reached or not: so what is seldom needed stands inside an `if`, the
-- rules that are functions are asked only where a cheap test cannot answer, and the snapshot is made
-- in place. docs/performance.md has the figures.

create type public.validation_outcome as enum (
  'active', 'reused', 'revoked', 'evicted', 'expired', 'not_found', 'banned'
);

create function public.validate_session(
  p_session_id uuid,
  p_generation integer, -- of the access token
  p_branch smallint,
  p_may_confirm boolean, -- false: the request also shows that the refresh token never arrived
  p_issued_to bytea,
  p_window_seconds integer,
  p_activity_interval_seconds integer,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  p_may_wait boolean default true, -- false: it shares a transaction, and fails (55P03) where it would wait
  out outcome public.validation_outcome,
  out session public.session_snapshot,
  out server_time timestamptz
)
language plpgsql
volatile -- it writes: activity now and then, by p_activity_interval_seconds, and one confirmation
security definer -- service_role holds no privilege on the tables: this is the door
set search_path = ''
as $$
declare
  v_session public.sessions;
  v_user record;
  v_end unified_auth.session_end;
  v_confirms boolean := false;
begin
  select * into v_session from public.sessions as s where s.id = p_session_id;
  server_time := clock_timestamp();

  if not found then
    outcome := 'not_found';
    return;
  end if;

  select u.email, u.phone, u.raw_app_meta_data, u.raw_user_meta_data, u.banned_until, u.deleted_at
  into v_user
  from auth.users as u
  where u.id = v_session.user_id;

  -- Whatever ends a session shows here; whether it does is for session_end to say.
  if not v_session.is_valid
    or v_session.refresh_token_expires_at <= server_time
    or v_user.banned_until is not null
    or v_user.deleted_at is not null
  then
    v_end := unified_auth.session_end(
      v_session, v_user.banned_until, v_user.deleted_at, server_time);
    if v_end is not null then
      perform unified_auth.record_use_after_end(
        v_session, p_ip, p_user_agent, p_request_id, server_time);
      outcome := v_end::text::public.validation_outcome;
      return;
    end if;
  end if;

  if p_generation = v_session.generation and p_branch = v_session.branch then
    if p_may_confirm
      and v_session.confirmed_at is null
      and v_session.generation > 1 -- the first generation has no predecessor to shut out
    then
      v_confirms := server_time > v_session.issued_at + make_interval(secs => p_window_seconds);
    end if;
  elsif (p_generation = v_session.generation and p_branch < v_session.branch)
    or (p_generation = v_session.generation - 1 and p_branch <> v_session.previous_branch)
  then
    -- An access token of a branch that was replaced: both branches are in use, unless this is the
    -- same browser and nobody was seen with the newer one. Then the reply that carried the newer
    -- one was lost, and the refresh will settle it.
    if unified_auth.end_if_forked(
      p_session_id, p_generation, p_branch, p_issued_to, p_ip, p_user_agent, p_request_id, p_may_wait
    ) then
      outcome := 'reused';
      return;
    end if;
  end if;

  if v_confirms or v_session.last_active_at
    < server_time - make_interval(secs => p_activity_interval_seconds)
  then
    -- Never wait for it: a rotation that holds the row makes this write pointless anyway.
    perform 1
    from public.sessions as s
    where s.id = p_session_id
      and s.is_valid
      and s.generation = v_session.generation
      and s.branch = v_session.branch
    for update skip locked;

    if found then
      update public.sessions as s
      set
        last_active_at = greatest(s.last_active_at, server_time),
        confirmed_at = case when v_confirms then server_time else s.confirmed_at end,
        successor_salt = case when v_confirms then null else s.successor_salt end,
        successor_key_id = case when v_confirms then null else s.successor_key_id end
      where s.id = p_session_id
      returning s.* into v_session;
    end if;
  end if;

  outcome := 'active';
  -- As session_snapshot makes it. Without the cast the row would be converted column by column.
  session := row(
    v_session.id,
    v_session.user_id,
    v_user.email,
    v_user.phone,
    coalesce(v_user.raw_app_meta_data, '{}'),
    coalesce(v_user.raw_user_meta_data, '{}'),
    v_session.generation,
    v_session.branch,
    v_session.created_at,
    v_session.last_active_at,
    v_session.access_token_expires_at,
    v_session.refresh_token_expires_at,
    v_session.aal,
    v_session.amr
  )::public.session_snapshot;
end;
$$;

comment on function public.validate_session is
  'Answers whether the session of a genuine access token is live; confirms its generation after the window.';

create function unified_auth.end_if_forked(
  p_session_id uuid,
  p_generation integer,
  p_branch smallint,
  p_issued_to bytea,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  p_may_wait boolean
) returns boolean
language plpgsql
volatile
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  v_session public.sessions;
begin
  -- The caller read without a lock: decide again on what is true now.
  if p_may_wait then
    select * into v_session
    from public.sessions as s
    where s.id = p_session_id and s.is_valid
    for update;
  else
    select * into v_session
    from public.sessions as s
    where s.id = p_session_id and s.is_valid
    for update nowait;
  end if;

  if not found then
    return false;
  end if;
  if p_generation = v_session.generation then
    if p_branch >= v_session.branch or (
      p_branch = v_session.branch - 1
      and v_session.confirmed_at is null
      and v_session.issued_to = p_issued_to
    ) then
      return false;
    end if;
  elsif p_generation <> v_session.generation - 1 or p_branch = v_session.previous_branch then
    return false;
  end if;

  perform unified_auth.end_sessions(
    array[p_session_id], 'refresh_token_reused', 'reuse_detected', p_ip, p_user_agent,
    p_request_id,
    jsonb_build_object(
      'presented', 'access_token',
      'presented_generation', p_generation, 'presented_branch', p_branch,
      'generation', v_session.generation, 'branch', v_session.branch,
      'issued_at', v_session.issued_at
    )
  );
  return true;
end;
$$;

comment on function unified_auth.end_if_forked is
  'Ends a session of which two branches are in use; answers whether it did.';
