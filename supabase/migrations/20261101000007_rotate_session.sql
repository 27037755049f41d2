-- rotate_session: the rotation rule. The caller proposes successors, the function answers what became
-- of the token that was presented. docs/protocol.md says why each case is as it is.

create function public.rotate_session(
  p_session_id uuid,
  p_generation integer, -- of the presented refresh token, whose tag the caller has verified
  p_branch smallint,
  p_hash bytea,
  p_successor_hashes bytea[], -- of the next generation: branch 0, and as many more as the caller has
  p_max_branches smallint, -- how many a generation may have
  p_successor_salt bytea,
  p_successor_key_id text,
  p_issued_to bytea,
  p_window_seconds integer,
  p_access_ttl_seconds integer,
  p_refresh_ttl_seconds integer,
  p_refresh_burst integer, -- how many refreshes of a session may come at once
  p_refresh_interval_seconds integer, -- and how far apart they may come for ever
  p_event public.session_event, -- refresh or auto_refresh
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  out outcome public.rotation_outcome,
  out session public.session_snapshot,
  out refresh_token_hash bytea, -- of the token that the caller may answer now
  out successor_salt bytea, -- of a replay: what derives that token from the presented one
  out successor_key_id text,
  out retry_after_seconds integer, -- of a throttled one
  out server_time timestamptz
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables: this is the door
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  v_now timestamptz;
  v_session public.sessions;
  v_user record;
  v_end unified_auth.session_end;
  v_presented unified_auth.presented_token;
  v_in_window boolean;
  v_same_browser boolean;
  v_branch smallint;
  v_refresh_expires_at timestamptz;
  v_paid_until timestamptz;
  v_ahead interval;
begin
  select * into v_session from public.sessions as s where s.id = p_session_id for update;

  -- After the lock: now() is the start of the transaction, which may have waited for another tab.
  v_now := clock_timestamp();
  server_time := v_now;

  if v_session.id is null then
    outcome := 'not_found';
    return;
  end if;

  select u.email, u.phone, u.raw_app_meta_data, u.raw_user_meta_data, u.banned_until, u.deleted_at
  into v_user
  from auth.users as u
  where u.id = v_session.user_id;

  -- Whatever ends a session shows here; whether it does is for session_end to say.
  if not v_session.is_valid
    or v_session.refresh_token_expires_at <= v_now
    or v_user.banned_until is not null
    or v_user.deleted_at is not null
  then
    v_end := unified_auth.session_end(v_session, v_user.banned_until, v_user.deleted_at, v_now);
    if v_end is not null then
      perform unified_auth.record_use_after_end(
        v_session, p_ip, p_user_agent, p_request_id, v_now);
      outcome := v_end::text::public.rotation_outcome;
      return;
    end if;
  end if;

  v_in_window := v_now <= v_session.issued_at + make_interval(secs => p_window_seconds);
  v_same_browser := v_session.issued_to = p_issued_to;

  if p_generation = v_session.generation
    and p_branch = v_session.branch
    and p_hash = v_session.refresh_token_hash
  then
    v_presented := 'current';
    if v_in_window and v_same_browser then
      outcome := 'unchanged';
    else
      outcome := 'rotated';
    end if;
  else
    v_presented := unified_auth.presented_token(v_session, p_generation, p_branch, p_hash);
    outcome := case
      when v_presented = 'ahead' then 'unknown_generation'
      when v_presented = 'foreign' then 'key_compromise_suspected'
      when v_presented = 'predecessor' and v_in_window and v_same_browser
        and v_session.successor_salt is not null then 'replayed'
      when v_presented = 'predecessor' and (v_session.confirmed_at is null or v_in_window) then
        case
          when v_session.branch + 1 < p_max_branches then
            case
              when p_successor_hashes[v_session.branch + 2] is null then 'successor_wanted'
              else 'reissued'
            end
          -- Out of branches: the same browser keeps getting the last one, another one is a thief.
          when v_same_browser and v_session.successor_salt is not null then 'replayed'
          else 'reused'
        end
      -- The reply that carried the newer branch was lost on the way to this same browser.
      when v_presented = 'superseded' and v_same_browser and v_session.confirmed_at is null
        then 'rotated'
      else 'reused'
    end::public.rotation_outcome;

    if outcome = 'unknown_generation' then
      return; -- a restored database has forgotten: that proves nothing against anybody
    end if;

    if outcome = 'successor_wanted' then
      return; -- the caller asks again with all: a generation seldom needs more than its first branch
    end if;

    if outcome = 'key_compromise_suspected' then
      -- Whoever holds a leaked key could otherwise sign everybody out, or fill the table.
      insert into public.session_events
        (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
      select
        v_now, 'key_compromise_suspected', p_session_id, v_session.user_id, p_ip, p_user_agent,
        p_request_id,
        jsonb_build_object('presented_generation', p_generation, 'presented_branch', p_branch)
      where not exists (
        select 1
        from public.session_events as e
        where e.event = 'key_compromise_suspected'
          and e.session_id = p_session_id
          and e.occurred_at > v_now - interval '1 hour'
      );
      return;
    end if;

    if outcome = 'reused' then
      perform unified_auth.end_sessions(
        array[p_session_id], 'refresh_token_reused', 'reuse_detected', p_ip, p_user_agent,
        p_request_id,
        jsonb_build_object(
          'presented', v_presented,
          'presented_generation', p_generation, 'presented_branch', p_branch,
          'generation', v_session.generation, 'branch', v_session.branch,
          'issued_at', v_session.issued_at
        )
      );
      return;
    end if;
  end if;

  -- Each refresh writes a row and an event, so that who holds a live token could fill the disk. Kept
  -- in the row that a refresh writes anyway: a throttled one writes nothing. Never throttled are the
  -- detection above and the reissue, of which a generation has few: whoever floods a session with a
  -- copied token must not hold up the owner, whose token is then the predecessor.
  v_paid_until := greatest(v_session.refreshes_paid_until, v_now)
    + make_interval(secs => p_refresh_interval_seconds);
  v_ahead := v_paid_until - v_now
    - make_interval(secs => p_refresh_burst * p_refresh_interval_seconds);
  if v_ahead > interval '0' and outcome <> 'reissued' then
    outcome := 'throttled';
    retry_after_seconds := ceil(extract(epoch from v_ahead));
    return;
  end if;

  if outcome in ('rotated', 'reissued') then
    v_branch := case when outcome = 'reissued' then v_session.branch + 1 else 0 end;
    v_refresh_expires_at := least(
      v_now + make_interval(secs => p_refresh_ttl_seconds), v_session.absolute_expires_at);

    update public.sessions as s
    set
      generation = p_generation + 1,
      branch = v_branch,
      refresh_token_hash = p_successor_hashes[v_branch + 1],
      previous_refresh_token_hash = p_hash,
      previous_branch = p_branch,
      superseded_refresh_token_hash =
        case when outcome = 'reissued' then s.refresh_token_hash end,
      successor_salt = p_successor_salt,
      successor_key_id = p_successor_key_id,
      issued_at = v_now,
      confirmed_at = null,
      issued_to = p_issued_to,
      refreshes_paid_until = v_paid_until,
      last_active_at = v_now,
      access_token_expires_at = unified_auth.access_token_expires_at(
        v_now, p_access_ttl_seconds, v_refresh_expires_at),
      refresh_token_expires_at = v_refresh_expires_at,
      ip = p_ip,
      user_agent = p_user_agent
    where s.id = p_session_id
    returning s.* into v_session;
  else
    update public.sessions as s
    set
      refreshes_paid_until = v_paid_until,
      last_active_at = v_now,
      access_token_expires_at = unified_auth.access_token_expires_at(
        v_now, p_access_ttl_seconds, s.refresh_token_expires_at)
    where s.id = p_session_id
    returning s.* into v_session;
  end if;

  insert into public.session_events
    (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
  values (
    v_now,
    case outcome
      when 'replayed' then 'replay'
      when 'reissued' then 'reissue'
      else p_event
    end::public.session_event,
    p_session_id, v_session.user_id, p_ip, p_user_agent, p_request_id,
    jsonb_build_object(
      'outcome', outcome, 'presented', v_presented, 'generation', v_session.generation,
      'branch', v_session.branch)
  );

  refresh_token_hash := v_session.refresh_token_hash;
  if outcome = 'replayed' then
    successor_salt := v_session.successor_salt;
    successor_key_id := v_session.successor_key_id;
  end if;
  session := unified_auth.session_snapshot(
    v_session, v_user.email, v_user.phone, v_user.raw_app_meta_data, v_user.raw_user_meta_data);
end;
$$;

comment on function public.rotate_session is
  'Applies the rotation rule to a presented refresh token (RFC 9700, 4.14.2): answers its successor, the same one again, another branch, or the end of a session whose token was copied.';
