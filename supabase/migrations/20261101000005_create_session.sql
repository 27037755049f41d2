-- create_session: a login becomes a row, and the user keeps at most the allowed number of them.

create type public.login_outcome as enum (
  'created', 'user_not_found', 'user_banned', 'role_not_allowed', 'hook_refused'
);

-- Of the advisory lock that logins and logouts everywhere of one user take in turn.
create function unified_auth.user_lock_key(p_user_id uuid)
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select hashtextextended('unified_auth:' || p_user_id::text, 0);
$$;

-- Supabase Auth judges a password and opens its session in two steps. A password that is changed between
-- them leaves a session of the old one there, which no end of sessions reaches: so create_session asks
-- here whether the password has changed since its login began.
create table unified_auth.changed_passwords (
  user_id uuid primary key,
  changed_at timestamptz not null
);

alter table unified_auth.changed_passwords enable row level security;
create policy changed_passwords_only_through_functions on unified_auth.changed_passwords
  for all to public using (false) with check (false);

create function unified_auth.note_changed_password(p_user_id uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  -- Each change forgets more than it adds, so that the table needs no job.
  delete from unified_auth.changed_passwords as c
  where c.user_id in (
    select o.user_id
    from unified_auth.changed_passwords as o
    where o.changed_at < v_now - interval '10 minutes' and o.user_id <> p_user_id
    limit 10
    for update skip locked
  );

  insert into unified_auth.changed_passwords as c (user_id, changed_at)
  values (p_user_id, v_now)
  on conflict (user_id) do update set changed_at = excluded.changed_at;
end;
$$;

create function public.create_session(
  p_session_id uuid,
  p_user_id uuid,
  p_refresh_token_hash bytea,
  p_lineage bytea,
  p_key_thumbprint bytea, -- of the key that the login proved, and that the session is bound to; null: none
  p_device_name text,
  p_aal text,
  p_amr jsonb,
  p_presented public.presented_refresh_token, -- the cookie that the login came with; null: none
  p_login_buckets bytea[], -- of the login throttle, as they were charged; none: an exchange
  p_login_charged_at timestamptz,
  p_identity_session_id uuid, -- of Supabase Auth, that the login stands on; null: unknown
  p_policy public.session_policy,
  p_context public.request_context,
  p_token_policy public.access_token_policy default null,
  out outcome public.login_outcome,
  out session public.session_snapshot,
  out replaced integer,
  out evicted integer,
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
  v_account unified_auth.account;
  v_session public.sessions;
  v_absolute_expires_at timestamptz;
  v_refresh_expires_at timestamptz;
  v_access_expires_at timestamptz;
  v_presented_user_id uuid;
  v_minting unified_auth.minting;
begin
  replaced := 0;
  evicted := 0;

  if p_presented.session_id is not null then
    select s.user_id into v_presented_user_id
    from public.sessions as s
    where s.id = p_presented.session_id;
  end if;

  -- Lock order everywhere: user, then sessions. Counting before the lock would let two logins both
  -- find room. Of another user, whose session this browser held, the lock is taken too, the two in one
  -- order: each of two browsers that swap their users would else hold the session that the other
  -- one's login evicts. That user's row is not: a ban may wait for that one session, which is taken
  -- while nothing is waited for that the ban holds.
  perform pg_advisory_xact_lock(k.key)
  from (
    select distinct unified_auth.user_lock_key(u.id) as key
    from unnest(array[p_user_id, v_presented_user_id]) as u (id)
    where u.id is not null
    order by key
  ) as k;

  -- A ban or a password change updates this row, so it waits for us or we for it: without the lock
  -- a ban that commits between our check and our insert would miss the new session.
  select
    u.email, u.phone, u.role, u.is_anonymous, u.raw_app_meta_data,
    unified_auth.user_metadata(u.raw_user_meta_data), u.banned_until, u.deleted_at
  into v_account
  from auth.users as u
  where u.id = p_user_id
  for share;

  v_now := clock_timestamp();
  server_time := v_now;

  if not found or v_account.deleted_at is not null then
    outcome := 'user_not_found';
    return;
  end if;
  if v_account.banned_until > v_now then
    outcome := 'user_banned';
    return;
  end if;

  -- The password was judged before the lock. A change of it that was committed since has ended the
  -- sessions that were there, and would miss this one. In the transaction of the change Supabase Auth
  -- ends its own sessions, but for the one that asked (UpdatePassword in its internal/models/user.go):
  -- so the one that this login opened tells which came first. One of an OAuth client is another
  -- application's: its token says so in client_id, which a hook may have taken out. As JSON, because
  -- older versions of Supabase Auth have no such column.
  --
  -- Each is good for one session. It is dropped only after this, and sixty exchanges of one token that
  -- come at once find it there.
  if p_identity_session_id is not null and (
    not exists (
      select 1
      from auth.sessions as i
      where i.id = p_identity_session_id
        and i.user_id = p_user_id
        and to_jsonb(i) ->> 'oauth_client_id' is null
    )
    or exists (
      select 1
      from public.sessions as s
      where s.identity_session_id = p_identity_session_id
    )
  ) then
    outcome := 'user_not_found';
    return;
  end if;

  -- The session may also have been opened after the change, for a password that was judged before it. Not
  -- for a code: redeeming one may itself replace a password that nobody has confirmed.
  if p_amr @> '[{"method": "password"}]' and p_login_charged_at <= (
    select c.changed_at
    from unified_auth.changed_passwords as c
    where c.user_id = p_user_id and c.changed_at <= v_now -- or the clock was set back since
  ) then
    outcome := 'user_not_found';
    return;
  end if;

  if p_policy.absolute_ttl_seconds > 0 then
    v_absolute_expires_at := v_now + make_interval(secs => p_policy.absolute_ttl_seconds);
  end if;
  v_refresh_expires_at := least(
    v_now + make_interval(secs => p_policy.refresh_ttl_seconds), v_absolute_expires_at);
  v_access_expires_at := unified_auth.access_token_expires_at(
    v_now, p_policy.access_ttl_seconds, v_refresh_expires_at);

  v_minting := unified_auth.mint(
    p_session_id, p_user_id, v_account, p_aal, p_amr, null, v_now, v_access_expires_at,
    p_token_policy);
  if v_minting.refusal is not null then
    outcome := v_minting.refusal::public.login_outcome;
    hook_error := v_minting.hook_error;
    return;
  end if;

  if p_presented.session_id is not null then
    replaced := unified_auth.end_replaced_session(
      p_presented, p_key_thumbprint, p_user_id, p_session_id, p_policy, p_context);
  end if;

  insert into public.sessions as s (
    id, user_id, created_at, last_active_at, access_token_expires_at, refresh_token_expires_at,
    absolute_expires_at, refresh_token_hash, issued_at, key_thumbprint, lineage, ip, user_agent,
    device_name, aal, amr, identity_session_id
  ) values (
    p_session_id, p_user_id, v_now, v_now, v_access_expires_at, v_refresh_expires_at,
    v_absolute_expires_at, p_refresh_token_hash, v_now, p_key_thumbprint,
    p_lineage, p_context.ip, p_context.user_agent, p_device_name, p_aal, p_amr,
    p_identity_session_id
  )
  returning s.* into v_session;

  evicted := unified_auth.end_sessions(
    array(
      select s.id
      from public.sessions as s
      where s.user_id = p_user_id
        and s.is_valid
        and s.refresh_token_expires_at > v_now
        and s.id <> p_session_id
      -- A time ahead of the clock, which was set back since, says no more than now.
      order by least(s.last_active_at, v_now) desc, least(s.created_at, v_now) desc, s.id
      offset p_policy.max_sessions - 1
    ),
    'evicted', 'evicted', p_context, jsonb_build_object('evicted_by', p_session_id)
  );

  -- A right password costs nothing, and forgives this account's failures from this network. Not those
  -- of the account or the network: one good account would clear them for guesses at others.
  perform unified_auth.refund_login_charge(p_login_buckets, p_login_charged_at);
  delete from unified_auth.login_throttle as t
  where t.bucket = p_login_buckets[1];
  perform unified_auth.count_right_password(
    p_login_buckets, p_policy.right_password_interval_seconds);

  insert into public.session_events
    (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
  values (
    v_now, 'login', p_session_id, p_user_id, p_context.ip, p_context.user_agent,
    p_context.request_id,
    jsonb_build_object('aal', p_aal, 'replaced', replaced, 'evicted', evicted)
  );

  outcome := 'created';
  session := unified_auth.session_snapshot(v_session, v_account, v_minting.added_claims);
end;
$$;

comment on function public.create_session is
  'Stores a new session, ends the one that the same browser held, then the least recently active until the cap holds.';

-- A browser that signs in again keeps its one place. Where the rule would not have continued its old
-- session, the old session ends as reused: an owner who was away and lost the key as well ends so the
-- session that somebody took over meanwhile.
create function unified_auth.end_replaced_session(
  p_presented public.presented_refresh_token,
  p_proven_key bytea,
  p_user_id uuid, -- who signs in
  p_replaced_by uuid,
  p_policy public.session_policy,
  p_context public.request_context
) returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.sessions;
  v_now timestamptz;
  v_judged unified_auth.judged_token;
  v_detail jsonb := jsonb_build_object('replaced_by', p_replaced_by);
begin
  select * into v_session
  from public.sessions as s
  where s.id = p_presented.session_id
  for update;
  v_now := clock_timestamp();

  if v_session.id is null or not v_session.is_valid then
    return 0;
  end if;

  -- A login signs no challenge: there was none to sign. What it proves is its own key.
  v_judged := unified_auth.judge_token(
    v_session, p_presented, p_proven_key,
    case when p_proven_key is null then 'none' else 'fresh' end::unified_auth.proof_state,
    p_policy, v_now
  );
  if v_judged.position = 'hash_mismatch' then
    perform unified_auth.record_refusal(
      v_session, p_presented, null, v_judged, p_context, v_now);
    return 0;
  end if;

  if v_session.user_id <> p_user_id then
    -- Of another user a tag alone must not end anything: only a token whose hash is kept.
    if v_judged.position not in ('current', 'predecessor', 'superseded') then
      return 0;
    end if;
  elsif v_judged.rule in (5, 6, 16, 18) then
    return unified_auth.end_sessions(
      array[v_session.id], 'reused', 'reuse_detected', p_context,
      v_detail || jsonb_build_object(
        'presented', v_judged.position, 'class', v_judged.class, 'rule', v_judged.rule,
        'presented_generation', p_presented.generation, 'presented_branch', p_presented.branch,
        'generation', v_session.generation, 'branch', v_session.branch,
        'issued_at', v_session.issued_at)
    );
  end if;

  return unified_auth.end_sessions(
    array[v_session.id], 'replaced', 'replaced', p_context, v_detail);
end;
$$;

comment on function unified_auth.end_replaced_session is
  'Ends the session that the browser of a login held; answers how many were ended.';
