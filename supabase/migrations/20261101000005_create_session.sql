-- create_session: a login becomes a row, and the user keeps at most the allowed number of them.

create type public.login_outcome as enum ('created', 'user_not_found', 'user_banned');

-- Of the advisory lock that logins and logouts everywhere of one user take in turn.
create function unified_auth.user_lock_key(p_user_id uuid)
returns bigint
language sql
immutable
set search_path = ''
as $$
  select hashtextextended('unified_auth:' || p_user_id::text, 0);
$$;

create function public.create_session(
  p_session_id uuid,
  p_user_id uuid,
  p_refresh_token_hash bytea,
  p_issued_to bytea,
  p_device_name text,
  p_aal text,
  p_amr jsonb,
  p_access_ttl_seconds integer,
  p_refresh_ttl_seconds integer,
  p_absolute_ttl_seconds integer, -- 0: none
  p_max_sessions integer,
  p_presented_session_id uuid, -- the session of the refresh cookie that the login came with
  p_presented_generation integer,
  p_presented_branch smallint,
  p_presented_hash bytea,
  p_login_buckets bytea[], -- of the login throttle, as they were charged; none: an exchange
  p_login_charged_at timestamptz,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  p_identity_session_id uuid default null, -- of Supabase Auth, that the login stands on; null: unknown
  out outcome public.login_outcome,
  out session public.session_snapshot,
  out replaced integer,
  out evicted integer,
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
  v_user record;
  v_session public.sessions;
  v_presented public.sessions;
  v_absolute_expires_at timestamptz;
  v_refresh_expires_at timestamptz;
  v_presented_user_id uuid;
begin
  replaced := 0;
  evicted := 0;

  if p_presented_session_id is not null then
    select s.user_id into v_presented_user_id
    from public.sessions as s
    where s.id = p_presented_session_id;
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
  select u.email, u.phone, u.raw_app_meta_data, u.raw_user_meta_data, u.banned_until, u.deleted_at
  into v_user
  from auth.users as u
  where u.id = p_user_id
  for share;

  v_now := clock_timestamp();
  server_time := v_now;

  if not found or v_user.deleted_at is not null then
    outcome := 'user_not_found';
    return;
  end if;
  if v_user.banned_until > v_now then
    outcome := 'user_banned';
    return;
  end if;

  -- The password was judged before the lock. A change of it that was committed since has ended the
  -- sessions that were there, and would miss this one. In the transaction of the change Supabase Auth
  -- ends its own sessions, but for the one that asked (UpdatePassword in its internal/models/user.go):
  -- so the one that this login opened tells which came first.
  if p_identity_session_id is not null and not exists (
    select 1
    from auth.sessions as i
    where i.id = p_identity_session_id and i.user_id = p_user_id
  ) then
    outcome := 'user_not_found';
    return;
  end if;

  -- A browser that signs in again keeps its one place.
  if p_presented_session_id is not null then
    select * into v_presented
    from public.sessions as s
    where s.id = p_presented_session_id
    for update;

    if found and unified_auth.presented_token(
      v_presented, p_presented_generation, p_presented_branch, p_presented_hash
    ) in ('current', 'predecessor', 'superseded') then
      replaced := unified_auth.end_sessions(
        array[p_presented_session_id], 'replaced', 'replaced', p_ip, p_user_agent, p_request_id,
        jsonb_build_object('replaced_by', p_session_id)
      );
    end if;
  end if;

  if p_absolute_ttl_seconds > 0 then
    v_absolute_expires_at := v_now + make_interval(secs => p_absolute_ttl_seconds);
  end if;
  v_refresh_expires_at := least(
    v_now + make_interval(secs => p_refresh_ttl_seconds), v_absolute_expires_at);

  insert into public.sessions as s (
    id, user_id, created_at, last_active_at, access_token_expires_at, refresh_token_expires_at,
    absolute_expires_at, refresh_token_hash, issued_at, issued_to, ip, user_agent, device_name,
    aal, amr
  ) values (
    p_session_id, p_user_id, v_now, v_now,
    unified_auth.access_token_expires_at(v_now, p_access_ttl_seconds, v_refresh_expires_at),
    v_refresh_expires_at, v_absolute_expires_at, p_refresh_token_hash, v_now, p_issued_to, p_ip,
    p_user_agent, p_device_name, p_aal, p_amr
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
      order by s.last_active_at desc, s.created_at desc, s.id
      offset p_max_sessions - 1
    ),
    'session_cap', 'evicted', p_ip, p_user_agent, p_request_id,
    jsonb_build_object('evicted_by', p_session_id)
  );

  -- A right password costs nothing, and forgives this account's failures from this network. Not those
  -- of the account or the network: one good account would clear them for guesses at others.
  perform unified_auth.refund_login_charge(p_login_buckets, p_login_charged_at);
  delete from unified_auth.login_throttle as t
  where t.bucket = p_login_buckets[1];

  insert into public.session_events
    (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
  values (
    v_now, 'login', p_session_id, p_user_id, p_ip, p_user_agent, p_request_id,
    jsonb_build_object('aal', p_aal, 'replaced', replaced, 'evicted', evicted)
  );

  outcome := 'created';
  session := unified_auth.session_snapshot(
    v_session, v_user.email, v_user.phone, v_user.raw_app_meta_data, v_user.raw_user_meta_data);
end;
$$;

comment on function public.create_session is
  'Stores a new session, ends the one that the same browser held, then the least recently active until the cap holds.';
