-- What the functions share: their arguments, their answers, and the rules that more than one of them
-- applies.
--
-- Those that every request runs are PL/pgSQL, expressions though they are: a SQL function with a
-- search_path of its own is never inlined, and is parsed and planned anew in each transaction. That
-- was two thirds of a validate (3,000 a second through pgbench, 10,000 like this) and of a rotation.
--
-- Every function has search_path = pg_catalog, pg_temp. An empty one would leave pg_temp in front for
-- relations and types, and whoever may call a function could define a type of a name that it uses.

-- The numbers are the caller's: SQL holds none of them.
create type public.session_policy as (
  access_ttl_seconds integer,
  refresh_ttl_seconds integer,
  absolute_ttl_seconds integer, -- 0: none
  reuse_interval_seconds integer, -- in which the predecessor of a token is answered the same token
  refresh_burst integer, -- how many refreshes of a session may come at once
  refresh_interval_seconds integer, -- and how far apart they may come forever
  max_sessions integer,
  activity_interval_seconds integer, -- how old last_active_at must be before a validate writes it
  right_password_interval_seconds integer, -- how far apart the right passwords of an account may come forever
  rebind_after_seconds integer -- how long a session must be quiet before another key may take it over; null: never
);

comment on type public.session_policy is
  'The settings that the rules depend on.';

create type public.request_context as (
  ip inet,
  user_agent text,
  request_id text
);

comment on type public.request_context is
  'Who sent the request, for the audit. No rule depends on it.';

create type public.token_place as (
  session_id uuid,
  generation integer,
  branch smallint
);

comment on type public.token_place is
  'The place of an access token whose signature the caller has verified.';

create type public.presented_refresh_token as (
  session_id uuid,
  generation integer,
  branch smallint,
  hash bytea,
  key bytea, -- the thumbprint of the key that it was issued to; null: none
  lineage bytea -- null in a token of version 1, which has none
);

comment on type public.presented_refresh_token is
  'A refresh token whose tag the caller has verified, without its secret.';

create type public.presented_proof as (
  thumbprint bytea,
  session_id uuid, -- this and the rest: what the challenge that was signed says
  generation integer,
  branch smallint,
  challenged_at timestamptz
);

comment on type public.presented_proof is
  'The key whose signature the caller has verified, and the challenge that it signed. Whether the challenge is still good is decided under the lock of the session.';

create type public.proposed_successor as (
  generation integer,
  branch smallint,
  hash bytea,
  lineage bytea,
  salt bytea,
  key_id text
);

comment on type public.proposed_successor is
  'The refresh token that the caller would answer. The key that it is issued to is that of the proof.';

create type public.access_token_policy as (
  issuer text,
  allowed_roles text[], -- null: authenticated alone
  hook text -- schema and name of the project's custom access token hook; null: none
);

comment on type public.access_token_policy is
  'What the access tokens may say, for the functions after which one is signed.';

create type unified_auth.minting as (
  refusal text, -- null: a token may be signed; or role_not_allowed, hook_refused
  added_claims jsonb,
  hook_error text -- for the log
);

comment on type unified_auth.minting is
  'Whether an access token may be signed, and what the hook adds to it.';

create type public.session_snapshot as (
  session_id uuid,
  user_id uuid,
  email text,
  phone text,
  role text,
  is_anonymous boolean,
  app_metadata jsonb,
  user_metadata jsonb,
  user_metadata_omitted boolean, -- it is larger than any answer should be
  generation integer,
  branch smallint,
  created_at timestamptz,
  last_active_at timestamptz,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  aal text,
  amr jsonb,
  key_thumbprint text, -- in hex: how a bytea is written is a setting of the database
  added_claims jsonb -- of the project's hook; null: no hook, or no token is signed after this
);

comment on type public.session_snapshot is
  'A session with its user, as the functions answer it.';

create type unified_auth.account as (
  email text,
  phone text,
  role text,
  is_anonymous boolean,
  app_metadata jsonb,
  user_metadata jsonb, -- null: too large
  banned_until timestamptz,
  deleted_at timestamptz
);

comment on type unified_auth.account is
  'What the functions read of a user.';

create type unified_auth.session_end as enum (
  'not_found', 'revoked', 'evicted', 'expired', 'reused', 'banned'
);

create function unified_auth.session_end(
  p_session public.sessions,
  p_banned_until timestamptz,
  p_deleted_at timestamptz,
  p_now timestamptz
) returns unified_auth.session_end
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_session.revoked_reason in ('evicted', 'reused', 'banned')
      then p_session.revoked_reason::text
    when not p_session.is_valid then 'revoked'
    when p_session.refresh_token_expires_at <= p_now then 'expired'
    when p_banned_until > p_now then 'banned'
    when p_deleted_at is not null then 'revoked'
  end::unified_auth.session_end;
end;
$$;

comment on function unified_auth.session_end is
  'Why a session has ended, or null while it is live. The only place that decides it.';

-- Users write their metadata themselves, a megabyte a time and merged into what is there: in every
-- answer, that of one user would slow everybody.
create function unified_auth.user_metadata(p_metadata jsonb)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_metadata is null then '{}'
    -- Its size where it is stored, for which nothing of it is read …
    when pg_column_size(p_metadata) > 16384 then null
    -- … and if that is compressed, its size once it is not.
    when pg_column_compression(p_metadata) is not null
      and pg_column_size(p_metadata || '{}') > 16384 then null
    else p_metadata
  end;
end;
$$;

comment on function unified_auth.user_metadata is
  'The metadata of a user as answers hold it; null if it is larger than 16 KiB.';

create function unified_auth.session_snapshot(
  p_session public.sessions,
  p_account unified_auth.account,
  p_added_claims jsonb default null
) returns public.session_snapshot
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return row(
    p_session.id,
    p_session.user_id,
    p_account.email,
    p_account.phone,
    p_account.role,
    coalesce(p_account.is_anonymous, false),
    coalesce(p_account.app_metadata, '{}'),
    coalesce(p_account.user_metadata, '{}'),
    p_account.user_metadata is null,
    p_session.generation,
    p_session.branch,
    p_session.created_at,
    p_session.last_active_at,
    p_session.access_token_expires_at,
    p_session.refresh_token_expires_at,
    p_session.aal,
    p_session.amr,
    encode(p_session.key_thumbprint, 'hex'),
    p_added_claims
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
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Whole seconds, as a JWT counts them, and never beyond the session itself (RFC 9700, 4.14.2).
  return least(
    date_trunc('second', p_now) + make_interval(secs => p_access_ttl_seconds),
    date_trunc('second', p_refresh_token_expires_at)
  );
end;
$$;

create function unified_auth.may_write()
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The default too: through the data API, transactions are not read-only even where everything else is.
  return not current_setting('transaction_read_only')::boolean
    and not current_setting('default_transaction_read_only')::boolean;
end;
$$;

comment on function unified_auth.may_write is
  'False on a standby, and where the database has been made read-only, as one whose disk is full. What can be left out is left out then.';

-- For events that their sender could repeat at will: one an hour and session, so that neither a browser
-- left open on a dead cookie nor somebody who wants to fill the table writes at every request.
create function unified_auth.record_hourly(
  p_event public.session_event,
  p_session public.sessions, -- a row of nulls, no session: nothing is recorded
  p_context public.request_context,
  p_detail jsonb,
  p_now timestamptz
) returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_session.id is null or not unified_auth.may_write() then
    return;
  end if;
  -- Of those that come at once, one records and none waits. The lock is taken in a statement before the
  -- look, so that the look sees what its last holder has committed.
  if not pg_try_advisory_xact_lock(
    hashtextextended('unified_auth:' || p_event::text || p_session.id::text, 0))
  then
    return;
  end if;

  insert into public.session_events
    (occurred_at, event, session_id, user_id, ip, user_agent, request_id, detail)
  select
    p_now, p_event, p_session.id, p_session.user_id, p_context.ip, p_context.user_agent,
    p_context.request_id, jsonb_strip_nulls(p_detail)
  where not exists (
    select 1
    from public.session_events as e
    where e.event = p_event
      -- Named once more, for the planner to see that the partial index holds them.
      and e.event in ('used_after_revocation', 'key_compromise_suspected', 'proof_refused')
      and e.session_id = p_session.id
      and e.occurred_at > p_now - interval '1 hour'
      -- One that lies further ahead was written before the clock was set back.
      and e.occurred_at < p_now + interval '1 hour'
  );
end;
$$;

create function unified_auth.record_use_after_end(
  p_session public.sessions,
  p_context public.request_context,
  p_now timestamptz
) returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
  select unified_auth.record_hourly(
    'used_after_revocation', p_session, p_context,
    jsonb_build_object(
      'revoked_reason', p_session.revoked_reason,
      'revoked_at', p_session.revoked_at,
      'expired_at', case
        when p_session.is_valid and p_session.refresh_token_expires_at <= p_now
          then p_session.refresh_token_expires_at
      end
    ),
    p_now
  );
$$;

comment on function unified_auth.record_use_after_end is
  'Records that a token of an ended session was used, whatever ended the session.';

-- Ends the given sessions and writes one event for each; rows that another transaction ended first are
-- left as they are.
--
-- Lock order everywhere: the user's advisory lock, the user's row, then sessions. Transactions that
-- lock several sessions of a user lock the user's row first, for share or for the change that ends
-- them: so a ban, a login and a logout everywhere take turns there, and never at the sessions one by
-- one. All others lock one session and then wait for nothing, or skip rows that are locked.
create function unified_auth.end_sessions(
  p_session_ids uuid[],
  p_reason public.session_revoked_reason,
  p_event public.session_event,
  p_context public.request_context,
  p_detail jsonb
) returns integer
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
  with
    locked as (
      -- In the order of their ids, for two transactions that end the same rows. That alone does not
      -- help one that holds one of them already: see the lock order above.
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
        e.revoked_at, p_event, e.id, e.user_id, p_context.ip, p_context.user_agent,
        p_context.request_id,
        p_detail || jsonb_build_object(
          'reason', p_reason, 'session_user_agent', e.user_agent, 'session_ip', e.ip)
      from ended as e
      returning 1
    )
  select count(*)::integer from written;
$$;

comment on function unified_auth.end_sessions is
  'Ends live sessions by id with an event each; answers how many were ended.';
