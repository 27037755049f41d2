-- rotate_session: carries out the rotation rule. The caller proposes a successor, the function answers
-- what became of the token that was presented.

create function public.rotate_session(
  p_presented public.presented_refresh_token,
  p_proof public.presented_proof, -- null: none
  p_successor public.proposed_successor,
  p_policy public.session_policy,
  p_event public.session_event, -- refresh or auto_refresh
  p_context public.request_context,
  p_token_policy public.access_token_policy default null,
  out outcome public.rotation_outcome,
  out session public.session_snapshot,
  -- In hex: how a bytea is written is a setting of the database.
  out refresh_token_hash text, -- of the token that the caller may answer now
  out successor_salt text, -- of a replay: what derives that token from the presented one
  out successor_key_id text,
  out wanted_generation integer, -- with successor_wanted: the place of the one to propose
  out wanted_branch smallint,
  out session_lineage text, -- with successor_wanted and a replay; null: none yet, the caller's choice
  out retry_after_seconds integer, -- of a throttled one
  out hook_error text, -- with hook_refused, for the log
  out server_time timestamptz
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_now timestamptz;
  v_session public.sessions;
  v_account unified_auth.account;
  v_end unified_auth.session_end;
  v_proof unified_auth.proof_state := 'none';
  v_judged unified_auth.judged_token;
  v_previous_key bytea;
  v_refresh_expires_at timestamptz;
  v_access_expires_at timestamptz;
  v_minting unified_auth.minting;
  v_burst interval;
  v_tat timestamptz;
  v_ahead interval;
begin
  select * into v_session from public.sessions as s where s.id = p_presented.session_id for update;

  -- After the lock: now() is the start of the transaction, which may have waited for another tab.
  v_now := clock_timestamp();
  server_time := v_now;

  if v_session.id is null then
    outcome := 'not_found';
    return;
  end if;

  select
    u.email, u.phone, u.role, u.is_anonymous, u.raw_app_meta_data,
    unified_auth.user_metadata(u.raw_user_meta_data), u.banned_until, u.deleted_at
  into v_account
  from auth.users as u
  where u.id = v_session.user_id;

  v_end := unified_auth.session_end(
    v_session, v_account.banned_until, v_account.deleted_at, v_now);
  if v_end is not null then
    perform unified_auth.record_use_after_end(v_session, p_context, v_now);
    outcome := v_end::text::public.rotation_outcome;
    return;
  end if;

  if p_proof.thumbprint is not null then
    v_proof := unified_auth.proof_state(v_session, p_proof, p_policy, v_now);
  end if;
  v_judged := unified_auth.judge_token(
    v_session, p_presented, p_proof.thumbprint, v_proof, p_policy, v_now);
  -- Without a salt proposes who lacks the secret that derived the row's successor, and cannot replay it.
  -- The session's own key goes on all the same. Row 13 does not: each tab would get a branch.
  if v_judged.rule = 9 and p_successor.salt is null then
    v_judged.rule := 10;
    v_judged.outcome := 'reissued';
  end if;
  outcome := v_judged.outcome;

  if outcome not in ('unchanged', 'rotated', 'replayed', 'reissued') then
    perform unified_auth.record_refusal(
      v_session, p_presented, p_proof, v_judged, p_context, v_now);
    return;
  end if;

  -- Each refresh writes a row and an event, so that the holder of a live token could fill the disk.
  -- Kept in the row that a refresh writes anyway: a throttled one writes nothing. Never throttled are
  -- the detection above and the branch of a token without a key, of which a generation has few: a copied
  -- token that floods a session must not hold up the owner, whose token is then the predecessor.
  v_burst := make_interval(secs => p_policy.refresh_burst * p_policy.refresh_interval_seconds);
  if v_session.rate_limit_tat > v_now + v_burst then
    -- Further ahead than a burst takes it: the clock was set back since. As far as it can be, then, and
    -- written, so that the wait is an interval and not the whole step.
    v_session.rate_limit_tat := v_now + v_burst;
    update public.sessions as s
    set rate_limit_tat = v_session.rate_limit_tat
    where s.id = v_session.id;
  end if;
  v_tat := greatest(v_session.rate_limit_tat, v_now)
    + make_interval(secs => p_policy.refresh_interval_seconds);
  v_ahead := v_tat - v_now - v_burst;
  if v_ahead > interval '0' and v_judged.rule <> 15 then
    outcome := 'throttled';
    retry_after_seconds := ceil(extract(epoch from v_ahead));
    return;
  end if;

  if outcome in ('rotated', 'reissued') then
    -- Which place is next is known only here. Most often it is the one that the caller proposes first.
    if v_judged.rule = 15 then
      wanted_generation := v_session.generation;
      wanted_branch := v_session.branch + 1;
    else
      wanted_generation := v_session.generation + 1;
      wanted_branch := 0;
    end if;
    if p_successor.generation <> wanted_generation
      or p_successor.branch <> wanted_branch
      or p_successor.lineage <> v_session.lineage
    then
      outcome := 'successor_wanted';
      session_lineage := encode(v_session.lineage, 'hex');
      return;
    end if;
    wanted_generation := null;
    wanted_branch := null;
    v_refresh_expires_at := least(
      v_now + make_interval(secs => p_policy.refresh_ttl_seconds), v_session.absolute_expires_at);
  else
    v_refresh_expires_at := v_session.refresh_token_expires_at;
  end if;
  v_access_expires_at := unified_auth.access_token_expires_at(
    v_now, p_policy.access_ttl_seconds, v_refresh_expires_at);

  v_session := unified_auth.follow_factors(v_session);
  v_minting := unified_auth.mint(
    v_session.id, v_session.user_id, v_account, v_session.aal, v_session.amr, 'token_refresh',
    v_now, v_access_expires_at, p_token_policy);
  if v_minting.refusal is not null then
    outcome := v_minting.refusal::public.rotation_outcome;
    hook_error := v_minting.hook_error;
    return;
  end if;

  if outcome in ('rotated', 'reissued') then
    v_previous_key := v_session.key_thumbprint;

    update public.sessions as s
    set
      generation = p_successor.generation,
      branch = p_successor.branch,
      refresh_token_hash = p_successor.hash,
      -- The session's own key goes on from wherever the session is, and not from an old token: of that
      -- successor no other token is the predecessor, and none can derive it.
      previous_refresh_token_hash =
        case when v_judged.rule = 10 then s.refresh_token_hash else p_presented.hash end,
      previous_branch = case when v_judged.rule = 10 then s.branch else p_presented.branch end,
      superseded_refresh_token_hash =
        case when v_judged.rule = 15 then s.refresh_token_hash end,
      successor_salt = case when v_judged.rule <> 10 then p_successor.salt end,
      successor_key_id = case when v_judged.rule <> 10 then p_successor.key_id end,
      key_thumbprint = p_proof.thumbprint,
      lineage = coalesce(s.lineage, p_successor.lineage),
      issued_at = v_now,
      confirmed_at = null,
      rate_limit_tat = least(v_tat, v_now + v_burst),
      last_active_at = v_now,
      access_token_expires_at = v_access_expires_at,
      aal = v_session.aal,
      amr = v_session.amr,
      refresh_token_expires_at = v_refresh_expires_at,
      ip = p_context.ip,
      user_agent = p_context.user_agent
    where s.id = v_session.id
    returning s.* into v_session;
  else
    update public.sessions as s
    set
      rate_limit_tat = least(v_tat, v_now + v_burst),
      last_active_at = v_now,
      access_token_expires_at = v_access_expires_at,
      aal = v_session.aal,
      amr = v_session.amr
    where s.id = v_session.id
    returning s.* into v_session;
  end if;

  insert into public.session_events
    (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
  values (
    v_now,
    case
      when v_judged.rule = 4 then 'rebound'
      when outcome = 'replayed' then 'replay'
      when outcome = 'reissued' then 'reissue'
      else p_event
    end,
    v_session.id, v_session.user_id, p_context.ip, p_context.user_agent, p_context.request_id,
    jsonb_build_object(
      'outcome', outcome, 'rule', v_judged.rule, 'presented', v_judged.position,
      'generation', v_session.generation, 'branch', v_session.branch)
      || case
        when v_judged.rule = 4 then jsonb_build_object(
          'previous_thumbprint', encode(v_previous_key, 'hex'),
          'key_thumbprint', encode(v_session.key_thumbprint, 'hex'))
        else '{}'
      end
  );

  refresh_token_hash := encode(v_session.refresh_token_hash, 'hex');
  if outcome = 'replayed' then
    successor_salt := encode(v_session.successor_salt, 'hex');
    successor_key_id := v_session.successor_key_id;
    session_lineage := encode(v_session.lineage, 'hex');
  end if;
  session := unified_auth.session_snapshot(v_session, v_account, v_minting.added_claims);
end;
$$;

comment on function public.rotate_session is
  'Applies the rotation rule to a presented refresh token (RFC 9700, 4.14.2): answers its successor, the same one again, another branch, or the end of a session whose token was copied.';
