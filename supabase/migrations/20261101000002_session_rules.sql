-- What the functions share: the answers they give, and the rules that more than one of them asks.
--
-- Those that every request runs are PL/pgSQL, expressions though they are: a SQL function with a
-- search_path of its own is never inlined, and is parsed and planned anew in each transaction. That
-- was two thirds of a validate (3,000 a second through pgbench, 10,000 like this) and of a rotation.

create type public.session_snapshot as (
  session_id uuid,
  user_id uuid,
  email text,
  phone text,
  app_metadata jsonb,
  user_metadata jsonb,
  generation integer,
  branch smallint,
  created_at timestamptz,
  last_active_at timestamptz,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  aal text,
  amr jsonb
);

comment on type public.session_snapshot is
  'A session with its user, as the functions answer it.';

create type unified_auth.session_end as enum (
  'not_found', 'revoked', 'evicted', 'expired', 'reused', 'banned'
);

create type unified_auth.presented_token as enum (
  'current', 'predecessor', 'superseded', 'lost_branch', 'older', 'ahead', 'foreign'
);

comment on type unified_auth.presented_token is
  'Which token of a session a genuine refresh token is. foreign: its tag is good, its hash is not.';

create function unified_auth.session_end(
  p_session public.sessions,
  p_banned_until timestamptz,
  p_deleted_at timestamptz,
  p_now timestamptz
) returns unified_auth.session_end
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_session.revoked_reason = 'session_cap' then 'evicted'
    when p_session.revoked_reason = 'refresh_token_reused' then 'reused'
    when p_session.revoked_reason = 'user_banned' then 'banned'
    when not p_session.is_valid then 'revoked'
    when p_session.refresh_token_expires_at <= p_now then 'expired'
    when p_banned_until > p_now then 'banned'
    when p_deleted_at is not null then 'revoked'
  end::unified_auth.session_end;
end;
$$;

comment on function unified_auth.session_end is
  'Why a session is over, or null while it is live.';

create function unified_auth.presented_token(
  p_session public.sessions,
  p_generation integer,
  p_branch smallint,
  p_hash bytea
) returns unified_auth.presented_token
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_generation > p_session.generation then 'ahead'
    when p_generation = p_session.generation then case
      when p_branch > p_session.branch then 'ahead'
      when p_branch = p_session.branch then
        case when p_hash = p_session.refresh_token_hash then 'current' else 'foreign' end
      when p_branch = p_session.branch - 1
        and p_session.superseded_refresh_token_hash is not null then
        case when p_hash = p_session.superseded_refresh_token_hash
          then 'superseded' else 'foreign' end
      else 'lost_branch'
    end
    when p_generation = p_session.generation - 1 then case
      when p_branch = p_session.previous_branch then
        case when p_hash = p_session.previous_refresh_token_hash
          then 'predecessor' else 'foreign' end
      else 'lost_branch'
    end
    else 'older'
  end::unified_auth.presented_token;
end;
$$;

comment on function unified_auth.presented_token is
  'Which token of a session a genuine refresh token is; whole hashes are compared wherever one is kept.';

create function unified_auth.session_snapshot(
  p_session public.sessions,
  p_email text,
  p_phone text,
  p_app_metadata jsonb,
  p_user_metadata jsonb
) returns public.session_snapshot
language plpgsql
immutable
set search_path = ''
as $$
begin
  return row(
    p_session.id,
    p_session.user_id,
    p_email,
    p_phone,
    coalesce(p_app_metadata, '{}'),
    coalesce(p_user_metadata, '{}'),
    p_session.generation,
    p_session.branch,
    p_session.created_at,
    p_session.last_active_at,
    p_session.access_token_expires_at,
    p_session.refresh_token_expires_at,
    p_session.aal,
    p_session.amr
  )::public.session_snapshot;
end;
$$;

create function unified_auth.access_token_expires_at(
  p_now timestamptz,
  p_access_ttl_seconds integer,
  p_refresh_token_expires_at timestamptz
) returns timestamptz
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Whole seconds, as a JWT counts them, and never beyond the session itself (RFC 9700, 4.14.2).
  return least(
    date_trunc('second', p_now) + make_interval(secs => p_access_ttl_seconds),
    date_trunc('second', p_refresh_token_expires_at)
  );
end;
$$;

-- A dead session's token is recorded, whatever ended the session, but at most once an hour a session:
-- whoever keeps a browser open on a dead cookie, or wants to fill a table, must not be able to write
-- at every request. Of no session, a row of nulls, nothing is recorded.
create function unified_auth.record_use_after_end(
  p_session public.sessions,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  p_now timestamptz
) returns void
language sql
volatile
set search_path = ''
as $$
  insert into public.session_events
    (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
  select
    p_now, 'used_after_revocation', p_session.id, p_session.user_id, p_ip, p_user_agent,
    p_request_id,
    jsonb_strip_nulls(jsonb_build_object(
      'revoked_reason', p_session.revoked_reason,
      'revoked_at', p_session.revoked_at,
      'expired_at', case
        when p_session.is_valid and p_session.refresh_token_expires_at <= p_now
          then p_session.refresh_token_expires_at
      end
    ))
  where p_session.id is not null
    and not exists (
      select 1
      from public.session_events as e
      where e.event = 'used_after_revocation'
        and e.session_id = p_session.id
        and e.occurred_at > p_now - interval '1 hour'
    );
$$;

-- Ends the given sessions and writes one event for each; rows that another transaction ended first are
-- left as they are.
--
-- Lock order everywhere: the user's advisory lock, the user's row, then sessions. Who takes more than
-- one session of a user holds that user's row first, for share or for the change that ends them: so a
-- ban, a login and a logout everywhere take turns there, and never at the sessions one by one. What
-- else locks sessions takes a single one and then waits for nothing, or waits for none: a purge, and
-- validates that share a transaction.
create function unified_auth.end_sessions(
  p_session_ids uuid[],
  p_reason public.session_revoked_reason,
  p_event public.session_event,
  p_ip inet,
  p_user_agent text,
  p_request_id text,
  p_detail jsonb
) returns integer
language sql
volatile
set search_path = ''
as $$
  with
    locked as (
      -- In the order of their ids, for two transactions that end the same rows. That alone helps
      -- nobody who holds one of them already: see the lock order above.
      select s.id
      from public.sessions as s
      where s.id = any (p_session_ids) and s.is_valid
      order by s.id
      for update
    ),
    ended as (
      update public.sessions as s
      set
        is_valid = false,
        revoked_at = clock_timestamp(),
        revoked_reason = p_reason,
        successor_salt = null,
        successor_key_id = null
      from locked
      where s.id = locked.id and s.is_valid
      returning s.id, s.user_id, s.revoked_at, s.user_agent, s.ip
    ),
    written as (
      insert into public.session_events
        (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
      select
        e.revoked_at, p_event, e.id, e.user_id, p_ip, p_user_agent, p_request_id,
        p_detail || jsonb_build_object(
          'reason', p_reason, 'session_user_agent', e.user_agent, 'session_ip', e.ip)
      from ended as e
      returning 1
    )
  select count(*)::integer from written;
$$;

comment on function unified_auth.end_sessions is
  'Ends live sessions by id with an event each; answers how many were ended.';
