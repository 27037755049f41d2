-- Ending sessions on purpose, and listing them: one session, the others, or all.
--
-- A token that would not continue its session cannot act for it either. One that proves theft ends its
-- own session and no other.

create type public.revocation_outcome as enum (
  'ended', 'already_ended', 'not_found', 'not_allowed', 'stale', 'proof_required',
  'proof_key_unknown', 'reused'
);

comment on type public.revocation_outcome is
  'Only ended, and reused of the session of the token itself, have ended anything.';

create type public.logout_scope as enum ('local', 'others', 'global');

create type public.listed_session as (
  id uuid,
  created_at timestamptz,
  last_active_at timestamptz,
  device_name text,
  user_agent text,
  ip inet,
  aal text
);

create function unified_auth.session_standing(p_session_id uuid)
returns public.validation_outcome
language sql
volatile -- sees what was committed while the caller waited for a lock
set search_path = pg_catalog, pg_temp
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

comment on function unified_auth.session_standing is
  'active, or why the session has ended.';

create function unified_auth.access_token_standing(p_access public.token_place)
returns public.validation_outcome
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
  select case
    when standing = 'active' and not (
      select unified_auth.access_token_lives(s, p_access.generation, p_access.branch)
      from public.sessions as s
      where s.id = p_access.session_id
    ) then 'stale'
    else standing
  end
  from unified_auth.session_standing(p_access.session_id) as standing;
$$;

comment on function unified_auth.access_token_standing is
  'active: the access token may act for its session on others. stale: the session is live, the token''s place is not.';

create function unified_auth.judge_acting_token(
  p_session public.sessions, -- locked, and live
  p_presented public.presented_refresh_token,
  p_proof public.presented_proof,
  p_policy public.session_policy,
  p_now timestamptz
) returns unified_auth.judged_token
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_judged unified_auth.judged_token := unified_auth.judge_token(
    p_session, p_presented, p_proof.thumbprint,
    unified_auth.proof_state(p_session, p_proof, p_policy, p_now), p_policy, p_now);
begin
  if v_judged.rule = 4 then
    -- A new key may take over a quiet session, but not end anything before it has.
    v_judged.outcome := 'proof_key_unknown';
  end if;
  return v_judged;
end;
$$;

comment on function unified_auth.judge_acting_token is
  'As judge_token, of a refresh token that asks to end sessions: a key that is not the session''s is refused.';

create function unified_auth.revocation_refusal(p_judged unified_auth.judged_token)
returns public.revocation_outcome
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_judged.outcome in ('unchanged', 'rotated', 'replayed', 'reissued') then null
    when p_judged.outcome in ('proof_required', 'proof_key_unknown', 'reused')
      then p_judged.outcome::text
    else 'not_allowed'
  end::public.revocation_outcome;
end;
$$;

comment on function unified_auth.revocation_refusal is
  'Why a judged refresh token may not act for its session; null: it may.';

create function public.revoke_session(
  p_session_id uuid, -- the one to end
  p_reason public.session_revoked_reason,
  p_context public.request_context,
  -- Who asks: at most one of the next three. None: an operator.
  p_presented public.presented_refresh_token default null, -- of the session itself
  p_access public.token_place default null, -- of the session itself, which may have expired
  p_acting public.token_place default null, -- an access token of a session of the same user
  p_proof public.presented_proof default null, -- beside p_presented
  p_policy public.session_policy default null, -- for p_presented
  out outcome public.revocation_outcome,
  out acting public.validation_outcome,
  out ended integer,
  out server_time timestamptz
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_session public.sessions;
  v_acting public.sessions;
  v_judged unified_auth.judged_token;
begin
  ended := 0;

  select * into v_session from public.sessions as s where s.id = p_session_id for update;
  server_time := clock_timestamp();

  if p_acting.session_id is not null then
    acting := unified_auth.access_token_standing(p_acting);
    if acting <> 'active' then
      outcome := 'not_allowed';
      return;
    end if;
    select * into v_acting from public.sessions as s where s.id = p_acting.session_id;
  end if;

  -- Somebody else's session is answered like one that does not exist.
  if v_session.id is null or (
    p_acting.session_id is not null and v_session.user_id <> v_acting.user_id
  ) then
    outcome := 'not_found';
    return;
  end if;
  if not v_session.is_valid then
    outcome := 'already_ended';
    return;
  end if;

  if p_presented.session_id is not null then
    v_judged := unified_auth.judge_acting_token(
      v_session, p_presented, p_proof, p_policy, server_time);
    outcome := unified_auth.local_logout_refusal(v_session, v_judged);
    if outcome is not null then
      if outcome = 'reused' then
        v_judged.outcome := 'reused'; -- an outdated proof takes nothing back
      end if;
      -- Of a bound session an old token alone proves a copy, and says nothing against its owner.
      if outcome <> 'not_allowed' or v_judged.outcome = 'key_compromise_suspected' then
        perform unified_auth.record_refusal(
          v_session, p_presented, p_proof, v_judged, p_context, server_time);
      end if;
      if outcome = 'reused' then
        ended := 1;
      end if;
      return;
    end if;
  elsif p_access.session_id is not null then
    if v_session.key_thumbprint is not null and unified_auth.access_token_position(
      v_session, p_access.generation, p_access.branch
    ) not in ('current', 'predecessor', 'ahead') then
      outcome := 'stale';
      return;
    end if;
  end if;

  ended := unified_auth.end_sessions(
    array[p_session_id], p_reason,
    case when p_reason = 'logout' then 'logout' else 'revoked' end::public.session_event,
    p_context,
    jsonb_strip_nulls(jsonb_build_object('acting_session_id', p_acting.session_id))
  );
  outcome := 'ended';
end;
$$;

comment on function public.revoke_session is
  'Ends one session: its own by its token, another of the same user by a live access token, or any for an operator.';

-- Signing out this browser asks for less than acting on others: no proof, so that it needs no
-- JavaScript, and of a session without a key no more than a genuine token.
create function unified_auth.local_logout_refusal(
  p_session public.sessions,
  p_judged unified_auth.judged_token
) returns public.revocation_outcome
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_judged.position = 'hash_mismatch' then 'not_allowed'
    -- A restored database has forgotten this token. Its key is proof that nobody else holds.
    when p_judged.position = 'ahead' then
      case when p_judged.class <> 'same' then 'not_allowed' end
    when p_judged.position in ('current', 'predecessor') then null
    when unified_auth.revocation_refusal(p_judged) is null then null
    when p_session.key_thumbprint is null and p_judged.class = 'unbound' then
      case when p_judged.position in ('lost', 'older') then 'reused' end
    when p_judged.outcome = 'reused' then 'not_allowed'
    else unified_auth.revocation_refusal(p_judged)::text
  end::public.revocation_outcome;
end;
$$;

comment on function unified_auth.local_logout_refusal is
  'Why a judged refresh token may not sign out its own session; null: it may. reused: its session ends as that.';

create function public.revoke_user_sessions(
  p_scope public.logout_scope,
  p_context public.request_context,
  -- Who asks: one of the next three.
  p_user_id uuid default null, -- an operator, for this user
  p_presented public.presented_refresh_token default null,
  p_acting public.token_place default null, -- an access token
  p_proof public.presented_proof default null, -- beside p_presented
  p_policy public.session_policy default null, -- for p_presented
  out outcome public.revocation_outcome,
  out ended integer,
  out server_time timestamptz
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_session_id uuid := coalesce(p_presented.session_id, p_acting.session_id);
  v_user_id uuid := p_user_id;
  v_session public.sessions;
  v_standing public.validation_outcome;
  v_judged unified_auth.judged_token;
  v_reason public.session_revoked_reason;
begin
  ended := 0;

  if p_user_id is null then
    select s.user_id into v_user_id from public.sessions as s where s.id = v_session_id;
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
    select * into v_session from public.sessions as s where s.id = v_session_id for update;
    server_time := clock_timestamp();

    v_standing := case
      when p_presented.session_id is null then unified_auth.access_token_standing(p_acting)
      else unified_auth.session_standing(v_session_id)
    end;
    if v_standing = 'stale' then
      outcome := 'stale';
      return;
    elsif v_standing <> 'active' then
      outcome := 'already_ended';
      return;
    end if;

    if p_presented.session_id is not null then
      v_judged := unified_auth.judge_acting_token(
        v_session, p_presented, p_proof, p_policy, server_time);
      outcome := unified_auth.revocation_refusal(v_judged);
      if outcome is not null then
        perform unified_auth.record_refusal(
          v_session, p_presented, p_proof, v_judged, p_context, server_time);
        if outcome = 'reused' then
          ended := 1;
        end if;
        return;
      end if;
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
          when 'local' then s.id = v_session_id
          when 'others' then s.id is distinct from v_session_id
          when 'global' then true
        end
    ),
    v_reason,
    case when p_user_id is null then 'logout' else 'revoked' end::public.session_event,
    p_context,
    jsonb_strip_nulls(jsonb_build_object('scope', p_scope, 'acting_session_id', v_session_id))
  );
  outcome := 'ended';
end;
$$;

comment on function public.revoke_user_sessions is
  'Ends the other sessions or all sessions of a user, asked for by one of them or by an operator.';

create function public.list_user_sessions(
  p_acting public.token_place, -- of the verified access token that asks
  p_context public.request_context,
  out outcome public.validation_outcome,
  out sessions public.listed_session[],
  out server_time timestamptz
)
language plpgsql
volatile -- records the use of an ended session's token
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_session public.sessions;
begin
  server_time := clock_timestamp();
  outcome := unified_auth.access_token_standing(p_acting);
  select * into v_session from public.sessions as s where s.id = p_acting.session_id;

  if outcome <> 'active' then
    if outcome <> 'stale' then
      perform unified_auth.record_use_after_end(v_session, p_context, server_time);
    end if;
    return;
  end if;

  -- The session that asks is active now. Its row would tell a copied token when its owner refreshes.
  sessions := array(
    select row(
      s.id, s.created_at, s.last_active_at, s.device_name, s.user_agent, s.ip, s.aal
    )::public.listed_session
    from (
      select
        l.id, l.created_at, l.device_name, l.user_agent, l.ip, l.aal,
        case when l.id = v_session.id then server_time else l.last_active_at end as last_active_at
      from public.sessions as l
      where l.user_id = v_session.user_id
        and l.is_valid
        and l.refresh_token_expires_at > server_time
    ) as s
    order by s.last_active_at desc, s.id
  );
end;
$$;

comment on function public.list_user_sessions is
  'The live sessions of the user whose live access token asks: its own first, then the most recently active.';
