-- The schema as supabase/migrations make it, read from the catalog of a migrated database. Written by
-- "deno task types". Not meant to be run as a whole; a statement that makes one object again may be.

-- Enumerations

create type public.login_outcome as enum (
  'created',
  'user_not_found',
  'user_banned',
  'role_not_allowed',
  'hook_refused'
);

create type public.logout_scope as enum (
  'local',
  'others',
  'global'
);

create type public.revocation_outcome as enum (
  'ended',
  'already_ended',
  'not_found',
  'not_allowed',
  'stale',
  'proof_required',
  'proof_key_unknown',
  'reused'
);

create type public.rotation_outcome as enum (
  'unchanged',
  'rotated',
  'replayed',
  'reissued',
  'throttled',
  'successor_wanted',
  'proof_required',
  'proof_key_unknown',
  'reused',
  'unknown_generation',
  'key_compromise_suspected',
  'revoked',
  'evicted',
  'expired',
  'not_found',
  'banned',
  'role_not_allowed',
  'hook_refused'
);

create type public.session_event as enum (
  'login',
  'login_failed',
  'refresh',
  'auto_refresh',
  'replay',
  'reissue',
  'rebound',
  'proof_refused',
  'reuse_detected',
  'key_compromise_suspected',
  'evicted',
  'replaced',
  'logout',
  'revoked',
  'used_after_revocation',
  'expired_purged',
  'purged'
);

create type public.session_revoked_reason as enum (
  'logout',
  'logout_others',
  'logout_global',
  'revoked_by_user',
  'revoked_by_operator',
  'replaced',
  'evicted',
  'reused',
  'banned',
  'user_deleted',
  'password_changed'
);

create type public.validation_outcome as enum (
  'active',
  'stale',
  'reused',
  'revoked',
  'evicted',
  'expired',
  'not_found',
  'banned'
);

create type unified_auth.presented_position as enum (
  'current',
  'predecessor',
  'superseded',
  'lost',
  'older',
  'ahead',
  'hash_mismatch'
);

create type unified_auth.proof_state as enum (
  'none',
  'outdated',
  'fresh'
);

create type unified_auth.row_key as enum (
  'none',
  'proven',
  'other'
);

create type unified_auth.session_end as enum (
  'not_found',
  'revoked',
  'evicted',
  'expired',
  'reused',
  'banned'
);

create type unified_auth.token_class as enum (
  'same',
  'stranger',
  'rebound',
  'unbound'
);

-- Composite types

create type public.access_token_policy as (
  issuer text,
  allowed_roles text[],
  hook text
);

create type public.listed_session as (
  id uuid,
  created_at timestamp with time zone,
  last_active_at timestamp with time zone,
  device_name text,
  user_agent text,
  ip inet,
  aal text
);

create type public.presented_proof as (
  thumbprint bytea,
  session_id uuid,
  generation integer,
  branch smallint,
  challenged_at timestamp with time zone
);

create type public.presented_refresh_token as (
  session_id uuid,
  generation integer,
  branch smallint,
  hash bytea,
  key bytea,
  lineage bytea
);

create type public.proposed_successor as (
  generation integer,
  branch smallint,
  hash bytea,
  lineage bytea,
  salt bytea,
  key_id text
);

create type public.request_context as (
  ip inet,
  user_agent text,
  request_id text
);

create type public.session_policy as (
  access_ttl_seconds integer,
  refresh_ttl_seconds integer,
  absolute_ttl_seconds integer,
  reuse_interval_seconds integer,
  refresh_burst integer,
  refresh_interval_seconds integer,
  max_sessions integer,
  activity_interval_seconds integer,
  right_password_interval_seconds integer,
  rebind_after_seconds integer
);

create type public.session_snapshot as (
  session_id uuid,
  user_id uuid,
  email text,
  phone text,
  role text,
  is_anonymous boolean,
  app_metadata jsonb,
  user_metadata jsonb,
  user_metadata_omitted boolean,
  generation integer,
  branch smallint,
  created_at timestamp with time zone,
  last_active_at timestamp with time zone,
  access_token_expires_at timestamp with time zone,
  refresh_token_expires_at timestamp with time zone,
  aal text,
  amr jsonb,
  key_thumbprint text,
  added_claims jsonb
);

create type public.token_place as (
  session_id uuid,
  generation integer,
  branch smallint
);

create type public.unified_auth_validation as (
  number integer,
  session_id uuid,
  generation integer,
  branch smallint,
  may_confirm boolean,
  context public.request_context
);

create type unified_auth.account as (
  email text,
  phone text,
  role text,
  is_anonymous boolean,
  app_metadata jsonb,
  user_metadata jsonb,
  banned_until timestamp with time zone,
  deleted_at timestamp with time zone
);

create type unified_auth.judged_token as (
  class unified_auth.token_class,
  "position" unified_auth.presented_position,
  rule smallint,
  outcome public.rotation_outcome
);

create type unified_auth.minting as (
  refusal text,
  added_claims jsonb,
  hook_error text
);

create type unified_auth.rotation_judgment as (
  rule smallint,
  outcome public.rotation_outcome
);

-- Tables

create table public.session_events (
  id bigint not null generated always as identity,
  occurred_at timestamp with time zone not null default clock_timestamp(),
  event public.session_event not null,
  session_id uuid,
  user_id uuid,
  ip inet,
  user_agent text,
  request_id text,
  detail jsonb not null default '{}'::jsonb
);

create table public.sessions (
  id uuid not null,
  user_id uuid not null,
  is_valid boolean not null default true,
  created_at timestamp with time zone not null,
  last_active_at timestamp with time zone not null,
  access_token_expires_at timestamp with time zone not null,
  rate_limit_tat timestamp with time zone,
  refresh_token_expires_at timestamp with time zone not null,
  absolute_expires_at timestamp with time zone,
  generation integer not null default 1,
  branch smallint not null default 0,
  refresh_token_hash bytea not null,
  previous_refresh_token_hash bytea,
  previous_branch smallint,
  superseded_refresh_token_hash bytea,
  successor_salt bytea,
  successor_key_id text,
  issued_at timestamp with time zone not null,
  confirmed_at timestamp with time zone,
  key_thumbprint bytea,
  lineage bytea,
  ip inet,
  user_agent text,
  device_name text,
  aal text not null,
  amr jsonb not null,
  identity_session_id uuid,
  revoked_at timestamp with time zone,
  revoked_reason public.session_revoked_reason
) with (fillfactor=70);

create table unified_auth.changed_passwords (
  user_id uuid not null,
  changed_at timestamp with time zone not null
);

create unlogged table unified_auth.login_throttle (
  bucket bytea not null,
  failures double precision not null default 0,
  charged_at timestamp with time zone not null default clock_timestamp(),
  blocked_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  right_passwords_tat timestamp with time zone,
  turn_at timestamp with time zone
);

create table unified_auth.password_changes (
  identity_session_id uuid not null,
  session_id uuid not null,
  user_id uuid not null,
  announced_at timestamp with time zone not null
);

create unlogged table unified_auth.sign_in_claims (
  claim bytea not null,
  forgotten_at timestamp with time zone not null,
  answer text
);

-- Constraints

alter table public.session_events add constraint session_events_detail_is_an_object CHECK ((jsonb_typeof(detail) = 'object'::text));
alter table public.session_events add constraint session_events_pkey PRIMARY KEY (id);
alter table public.sessions add constraint sessions_aal_is_known CHECK ((aal = ANY (ARRAY['aal1'::text, 'aal2'::text, 'aal3'::text])));
alter table public.sessions add constraint sessions_amr_is_a_list CHECK ((jsonb_typeof(amr) = 'array'::text));
alter table public.sessions add constraint sessions_branch_fits_one_byte CHECK (((branch >= 0) AND (branch <= 255)));
alter table public.sessions add constraint sessions_first_generation_has_no_predecessor CHECK ((((generation = 1) = (previous_refresh_token_hash IS NULL)) AND ((generation = 1) = (previous_branch IS NULL))));
alter table public.sessions add constraint sessions_generation_starts_at_one CHECK ((generation >= 1));
alter table public.sessions add constraint sessions_key_thumbprint_is_half_a_sha256 CHECK ((octet_length(key_thumbprint) = 16));
alter table public.sessions add constraint sessions_lineage_is_eight_bytes CHECK ((octet_length(lineage) = 8));
alter table public.sessions add constraint sessions_one_exchange_an_identity_session UNIQUE (identity_session_id);
alter table public.sessions add constraint sessions_only_a_branch_supersedes CHECK (((superseded_refresh_token_hash IS NULL) OR (branch > 0)));
alter table public.sessions add constraint sessions_only_unbound_are_confirmed CHECK (((confirmed_at IS NULL) OR (key_thumbprint IS NULL)));
alter table public.sessions add constraint sessions_pkey PRIMARY KEY (id);
alter table public.sessions add constraint sessions_previous_refresh_token_hash_is_sha256 CHECK ((octet_length(previous_refresh_token_hash) = 32));
alter table public.sessions add constraint sessions_refresh_token_hash_is_sha256 CHECK ((octet_length(refresh_token_hash) = 32));
alter table public.sessions add constraint sessions_revocation_has_reason CHECK (((revoked_at IS NULL) = (revoked_reason IS NULL)));
alter table public.sessions add constraint sessions_salt_goes_with_confirmation CHECK (((successor_salt IS NULL) OR ((confirmed_at IS NULL) AND is_valid AND (generation > 1))));
alter table public.sessions add constraint sessions_salt_is_sixteen_bytes CHECK ((octet_length(successor_salt) = 16));
alter table public.sessions add constraint sessions_salt_names_its_key CHECK (((successor_salt IS NULL) = (successor_key_id IS NULL)));
alter table public.sessions add constraint sessions_superseded_refresh_token_hash_is_sha256 CHECK ((octet_length(superseded_refresh_token_hash) = 32));
alter table public.sessions add constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;
alter table public.sessions add constraint sessions_valid_until_revoked CHECK ((is_valid = (revoked_at IS NULL)));
alter table unified_auth.changed_passwords add constraint changed_passwords_pkey PRIMARY KEY (user_id);
alter table unified_auth.login_throttle add constraint login_throttle_bucket_is_a_keyed_hash CHECK ((octet_length(bucket) = 32));
alter table unified_auth.login_throttle add constraint login_throttle_counts_failures CHECK ((failures >= (0)::double precision));
alter table unified_auth.login_throttle add constraint login_throttle_pkey PRIMARY KEY (bucket);
alter table unified_auth.password_changes add constraint password_changes_pkey PRIMARY KEY (identity_session_id);
alter table unified_auth.password_changes add constraint password_changes_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;
alter table unified_auth.sign_in_claims add constraint sign_in_claims_are_keyed_hashes CHECK ((octet_length(claim) = 32));
alter table unified_auth.sign_in_claims add constraint sign_in_claims_pkey PRIMARY KEY (claim);

-- Indexes

CREATE INDEX session_events_hourly_idx ON public.session_events USING btree (session_id, event, occurred_at) WHERE (event = ANY (ARRAY['used_after_revocation'::public.session_event, 'key_compromise_suspected'::public.session_event, 'proof_refused'::public.session_event]));
CREATE INDEX session_events_occurred_at_idx ON public.session_events USING brin (occurred_at) WITH (autosummarize='on');
CREATE INDEX session_events_seldom_idx ON public.session_events USING btree (event, id) WHERE (event = ANY (ARRAY['reuse_detected'::public.session_event, 'evicted'::public.session_event, 'login_failed'::public.session_event, 'key_compromise_suspected'::public.session_event, 'rebound'::public.session_event, 'proof_refused'::public.session_event]));
CREATE UNIQUE INDEX sessions_one_exchange_an_identity_session ON public.sessions USING btree (identity_session_id);
CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);
CREATE INDEX password_changes_session_id_idx ON unified_auth.password_changes USING btree (session_id);
CREATE INDEX sign_in_claims_forgotten_at_idx ON unified_auth.sign_in_claims USING btree (forgotten_at);

-- Row level security

alter table public.session_events enable row level security;
alter table public.sessions enable row level security;
alter table unified_auth.changed_passwords enable row level security;
alter table unified_auth.login_throttle enable row level security;
alter table unified_auth.password_changes enable row level security;
alter table unified_auth.sign_in_claims enable row level security;

-- Policies

create policy session_events_only_through_functions on public.session_events as permissive for all to public using (false) with check (false);
create policy sessions_only_through_functions on public.sessions as permissive for all to public using (false) with check (false);
create policy changed_passwords_only_through_functions on unified_auth.changed_passwords as permissive for all to public using (false) with check (false);
create policy login_throttle_only_through_functions on unified_auth.login_throttle as permissive for all to public using (false) with check (false);
create policy password_changes_only_through_functions on unified_auth.password_changes as permissive for all to public using (false) with check (false);
create policy sign_in_claims_only_through_functions on unified_auth.sign_in_claims as permissive for all to public using (false) with check (false);

-- Views

create view unified_auth.ended_sessions with (security_invoker=true) as
 SELECT s.id,
    s.user_id,
    s.user_agent,
    s.created_at,
    s.last_active_at,
    LEAST(s.revoked_at, s.refresh_token_expires_at) AS ended_at,
        CASE
            WHEN r.was_revoked THEN s.revoked_reason::text
            ELSE 'expired'::text
        END AS reason,
        CASE
            WHEN r.was_revoked THEN s.revoked_at
            ELSE s.last_active_at
        END - s.created_at AS length
   FROM public.sessions s
     CROSS JOIN LATERAL ( SELECT COALESCE(s.revoked_at <= s.refresh_token_expires_at, false) AS was_revoked) r
  WHERE NOT s.is_valid OR s.refresh_token_expires_at <= now();

create view unified_auth.live_sessions with (security_invoker=true) as
 SELECT s.id,
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
   FROM public.sessions s
     CROSS JOIN LATERAL unified_auth."session_user"(s.user_id) u(email, banned_until, deleted_at)
  WHERE unified_auth.session_end(s.*, u.banned_until, u.deleted_at, now()) IS NULL;

create view unified_auth.refresh_attempts with (security_invoker=true) as
 SELECT id,
    occurred_at,
    session_id,
    user_id,
    ip,
    user_agent,
    event,
    event = ANY (ARRAY['refresh'::public.session_event, 'auto_refresh'::public.session_event, 'replay'::public.session_event, 'reissue'::public.session_event, 'rebound'::public.session_event]) AS succeeded,
    COALESCE(detail ->> 'outcome'::text, event::text) AS outcome,
    detail ->> 'presented'::text AS presented
   FROM public.session_events e
  WHERE event = ANY (ARRAY['refresh'::public.session_event, 'auto_refresh'::public.session_event, 'replay'::public.session_event, 'reissue'::public.session_event, 'rebound'::public.session_event, 'proof_refused'::public.session_event, 'reuse_detected'::public.session_event, 'used_after_revocation'::public.session_event, 'key_compromise_suspected'::public.session_event]);

-- Functions

CREATE OR REPLACE FUNCTION public.announce_password_change(p_user_id uuid, p_session_id uuid, p_identity_session_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  v_now timestamptz := clock_timestamp();
begin
  delete from unified_auth.password_changes as c
  where c.announced_at < v_now - interval '1 minute';

  insert into unified_auth.password_changes as c
    (identity_session_id, session_id, user_id, announced_at)
  select p_identity_session_id, s.id, s.user_id, v_now
  from public.sessions as s
  where s.id = p_session_id and s.user_id = p_user_id and s.is_valid
  on conflict (identity_session_id) do update set announced_at = excluded.announced_at;
end;
$function$
;

CREATE OR REPLACE FUNCTION public.check_access_token_hook(p_hook text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  select unified_auth.find_access_token_hook(p_hook) is not null;
$function$
;

CREATE OR REPLACE FUNCTION public.check_login_allowed(p_buckets bytea[], p_free_failures integer[], p_forgive_seconds integer[], p_max_delay_seconds integer[], p_right_password_burst integer DEFAULT NULL::integer, p_right_password_interval_seconds integer DEFAULT NULL::integer, OUT allowed boolean, OUT retry_after_seconds integer, OUT charged_at timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  v_now timestamptz;
  v_network unified_auth.login_throttle;
  v_account unified_auth.login_throttle;
  v_pair unified_auth.login_throttle;
  v_failures double precision;
  v_delay interval;
  v_turn_at timestamptz;
  v_allowed_at timestamptz;
begin
  allowed := true;
  retry_after_seconds := 0;
  if cardinality(p_buckets) = 0 then
    return;
  end if;

  -- Lock order everywhere: network, account, pair. The network comes first because a network that is
  -- held up must not leave rows behind for every account it names.
  if cardinality(p_buckets) = 3 then
    v_network := unified_auth.lock_login_bucket(p_buckets[3], p_max_delay_seconds[3]);
  end if;
  v_now := date_trunc('milliseconds', clock_timestamp()); -- no caller's clock holds more
  v_allowed_at := coalesce(v_network.blocked_until, v_now);

  if v_allowed_at <= v_now then
    v_account := unified_auth.lock_login_bucket(p_buckets[2], p_max_delay_seconds[2]);
    v_pair := unified_auth.lock_login_bucket(p_buckets[1], p_max_delay_seconds[1]);
    v_now := date_trunc('milliseconds', clock_timestamp());

    v_failures := unified_auth.login_failures(v_account, p_forgive_seconds[2], v_now);
    v_delay := unified_auth.login_delay(v_failures, p_free_failures[2], p_max_delay_seconds[2]);
    if v_delay > interval '0' then
      -- Only ever earlier: what this network was once told, strangers cannot put off.
      v_turn_at := least(v_pair.turn_at, v_now + v_delay);
      if v_pair.turn_at is distinct from v_turn_at then
        update unified_auth.login_throttle as t
        set turn_at = v_turn_at
        where t.bucket = v_pair.bucket;
      end if;
    end if;
    v_allowed_at := greatest(
      v_pair.blocked_until, v_turn_at,
      -- A time further ahead than a whole burst was noted before the clock was set back.
      case when v_account.right_passwords_tat > v_now then
        least(
          v_account.right_passwords_tat,
          v_now + make_interval(secs => p_right_password_burst * p_right_password_interval_seconds)
        ) - make_interval(secs => (p_right_password_burst - 1) * p_right_password_interval_seconds)
      end
    );
  end if;

  if v_allowed_at > v_now then
    allowed := false;
    retry_after_seconds := ceil(extract(epoch from v_allowed_at - v_now));
    return;
  end if;

  v_delay := unified_auth.login_delay(
    v_failures + 1, p_free_failures[2], p_max_delay_seconds[2]);
  update unified_auth.login_throttle as t
  set
    failures = c.failures,
    charged_at = v_now,
    blocked_until =
      v_now + unified_auth.login_delay(c.failures, c.free_failures, c.max_delay_seconds),
    turn_at = case
      when t.bucket = v_pair.bucket and v_delay > interval '0' then v_now + v_delay
    end
  from (
    select
      b.bucket,
      b.free_failures,
      b.max_delay_seconds,
      -- No more than the longest delay takes, so that it shortens as soon as the guessing is over.
      least(
        unified_auth.login_failures(l, b.forgive_seconds, v_now) + 1,
        b.free_failures + 1 + log(2, b.max_delay_seconds)
      ) as failures
    from unnest(p_buckets, p_free_failures, p_forgive_seconds, p_max_delay_seconds)
      as b (bucket, free_failures, forgive_seconds, max_delay_seconds)
    join unified_auth.login_throttle as l on l.bucket = b.bucket
  ) as c
  where t.bucket = c.bucket;
  charged_at := v_now;
end;
$function$
;

CREATE OR REPLACE FUNCTION public.claim_sign_in(p_claim bytea, p_keep_seconds integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  v_now timestamptz := clock_timestamp();
begin
  -- Each claim forgets more than it adds, so that the table needs no job. Not its own: that is judged
  -- below, under its lock.
  delete from unified_auth.sign_in_claims as c
  where c.claim in (
    select o.claim
    from unified_auth.sign_in_claims as o
    where o.forgotten_at < v_now and o.claim <> p_claim
    order by o.forgotten_at
    limit 10
    for update skip locked
  );

  insert into unified_auth.sign_in_claims as c (claim, forgotten_at)
  values (p_claim, v_now + make_interval(secs => p_keep_seconds))
  on conflict (claim) do update
    set forgotten_at = excluded.forgotten_at
    where c.forgotten_at < clock_timestamp();
  return found;
end;
$function$
;

CREATE OR REPLACE FUNCTION public.create_session(p_session_id uuid, p_user_id uuid, p_refresh_token_hash bytea, p_lineage bytea, p_key_thumbprint bytea, p_device_name text, p_aal text, p_amr jsonb, p_presented public.presented_refresh_token, p_login_buckets bytea[], p_login_charged_at timestamp with time zone, p_identity_session_id uuid, p_policy public.session_policy, p_context public.request_context, p_token_policy public.access_token_policy DEFAULT NULL::public.access_token_policy, OUT outcome public.login_outcome, OUT session public.session_snapshot, OUT replaced integer, OUT evicted integer, OUT hook_error text, OUT server_time timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.database_is_read_only()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean;
$function$
;

CREATE OR REPLACE FUNCTION public.list_user_sessions(p_acting public.token_place, p_context public.request_context, OUT outcome public.validation_outcome, OUT sessions public.listed_session[], OUT server_time timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.purge_sessions(p_batch_size integer DEFAULT 5000, p_tombstone_seconds integer DEFAULT 7776000, p_event_retention_seconds integer DEFAULT 15552000, OUT purged_sessions integer, OUT purged_events integer, OUT purged_throttle_buckets integer, OUT windows integer)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  v_now timestamptz := clock_timestamp();
  v_dead_before timestamptz := v_now - make_interval(secs => greatest(0, p_tombstone_seconds));
  v_forgotten_before timestamptz :=
    v_now - make_interval(secs => greatest(7 * 86400, p_event_retention_seconds));
  v_window_blocks constant bigint := 2048; -- 16 MB: some 33,000 sessions, looked at in 25 ms
  v_blocks bigint :=
    pg_relation_size('public.sessions') / current_setting('block_size')::bigint;
  v_window bigint;
  v_oldest_event bigint;
  v_oldest_dated_event bigint;
  v_last_forgotten_event bigint;
begin
  windows := greatest(1, (v_blocks + v_window_blocks - 1) / v_window_blocks);
  v_window := nextval('unified_auth.purge_windows') % windows;

  -- Rows that somebody holds are left for the next batch. By place and not by key: a join with a batch
  -- that the planner takes for large reads the whole table.
  with
    purged as (
      delete from public.sessions as s
      where s.ctid = any (array(
        select d.ctid
        from public.sessions as d
        where d.ctid >= format('(%s,0)', v_window * v_window_blocks)::tid
          and d.ctid < format('(%s,0)', (v_window + 1) * v_window_blocks)::tid
          and (d.revoked_at < v_dead_before or d.refresh_token_expires_at < v_dead_before)
        limit p_batch_size
        for update skip locked
      ))
      returning s.id, s.user_id, s.is_valid
    ),
    written as (
      insert into public.session_events (occurred_at, event, session_id, user_id)
      select v_now, 'expired_purged', p.id, p.user_id
      from purged as p
      where p.is_valid -- an ended one has its event already
      returning 1
    )
  select count(*)::integer into purged_sessions from purged;

  -- Events are only ever appended, so the oldest have the smallest ids: no index on time is needed.
  select e.id
  into v_oldest_event
  from public.session_events as e
  where e.id >= (select o.last_value from unified_auth.oldest_event as o)
  order by e.id
  limit 1;
  -- None: the table is empty, or somebody emptied it and began to count anew.
  perform setval('unified_auth.oldest_event', coalesce(v_oldest_event, 0));

  -- A time ahead of the clock, which was set back since, says nothing. Such an event stands in the way of
  -- none that came after it, and goes with the first of those.
  select e.id
  into v_oldest_dated_event
  from public.session_events as e
  where e.id >= v_oldest_event and e.occurred_at <= v_now
  order by e.id
  limit 1;

  select max(e.id)
  into v_last_forgotten_event
  from public.session_events as e
  where e.id >= v_oldest_dated_event
    and e.id < v_oldest_dated_event + p_batch_size
    and e.occurred_at < v_forgotten_before;

  delete from public.session_events as e
  where e.ctid = any (array(
    -- Locked before they go, so that two purges at once neither wait for each other nor deadlock.
    select o.ctid
    from public.session_events as o
    where o.id between v_oldest_event and v_last_forgotten_event
      and (o.occurred_at < v_forgotten_before or o.occurred_at > v_now)
    order by o.id
    limit p_batch_size
    for update skip locked
  ));
  get diagnostics purged_events = row_count;

  with idle as (
    select t.bucket
    from unified_auth.login_throttle as t
    where t.charged_at < v_now - interval '24 hours'
    limit p_batch_size
    for update skip locked
  )
  delete from unified_auth.login_throttle as t
  using idle
  where t.bucket = idle.bucket;
  get diagnostics purged_throttle_buckets = row_count;

  if purged_sessions > 0 or purged_events > 0 then
    insert into public.session_events (occurred_at, event, detail)
    values (
      v_now, 'purged',
      jsonb_build_object(
        'sessions', purged_sessions, 'dead_before', v_dead_before,
        'events', purged_events, 'forgotten_before', v_forgotten_before)
    );
  end if;
end;
$function$
;

CREATE OR REPLACE FUNCTION public.record_login_failure(p_buckets bytea[], p_refunded_charge timestamp with time zone, p_reason text, p_context public.request_context, p_right_password_interval_seconds integer DEFAULT NULL::integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
begin
  if p_refunded_charge is not null then
    perform unified_auth.refund_login_charge(p_buckets, p_refunded_charge);
  end if;

  if p_right_password_interval_seconds is not null then
    perform unified_auth.count_right_password(p_buckets, p_right_password_interval_seconds);
  end if;

  if p_reason is not null then
    insert into public.session_events (event, ip, user_agent, request_id, detail)
    values (
      'login_failed', p_context.ip, p_context.user_agent, p_context.request_id,
      jsonb_build_object('account', encode(p_buckets[2], 'hex'), 'reason', p_reason)
    );
  end if;
end;
$function$
;

CREATE OR REPLACE FUNCTION public.release_sign_in(p_claim bytea)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  delete from unified_auth.sign_in_claims as c where c.claim = p_claim;
$function$
;

CREATE OR REPLACE FUNCTION public.revoke_session(p_session_id uuid, p_reason public.session_revoked_reason, p_context public.request_context, p_presented public.presented_refresh_token DEFAULT NULL::public.presented_refresh_token, p_access public.token_place DEFAULT NULL::public.token_place, p_acting public.token_place DEFAULT NULL::public.token_place, p_proof public.presented_proof DEFAULT NULL::public.presented_proof, p_policy public.session_policy DEFAULT NULL::public.session_policy, OUT outcome public.revocation_outcome, OUT acting public.validation_outcome, OUT ended integer, OUT server_time timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.revoke_user_sessions(p_scope public.logout_scope, p_context public.request_context, p_user_id uuid DEFAULT NULL::uuid, p_presented public.presented_refresh_token DEFAULT NULL::public.presented_refresh_token, p_acting public.token_place DEFAULT NULL::public.token_place, p_proof public.presented_proof DEFAULT NULL::public.presented_proof, p_policy public.session_policy DEFAULT NULL::public.session_policy, OUT outcome public.revocation_outcome, OUT ended integer, OUT server_time timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.rotate_session(p_presented public.presented_refresh_token, p_proof public.presented_proof, p_successor public.proposed_successor, p_policy public.session_policy, p_event public.session_event, p_context public.request_context, p_token_policy public.access_token_policy DEFAULT NULL::public.access_token_policy, OUT outcome public.rotation_outcome, OUT session public.session_snapshot, OUT refresh_token_hash text, OUT successor_salt text, OUT successor_key_id text, OUT wanted_generation integer, OUT wanted_branch smallint, OUT session_lineage text, OUT retry_after_seconds integer, OUT hook_error text, OUT server_time timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.session_is_live()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  -- A third party's token may say anything there.
  select case
    when auth.jwt() ->> 'session_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
      then unified_auth.session_is_live((auth.jwt() ->> 'session_id')::uuid)
    else false
  end;
$function$
;

CREATE OR REPLACE FUNCTION public.unified_auth_last_migration()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  select 20261129000002;
$function$
;

CREATE OR REPLACE FUNCTION public.unified_auth_recall_answer(p_request bytea)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  select c.answer
  from unified_auth.sign_in_claims as c
  where c.claim = p_request and c.forgotten_at > clock_timestamp();
$function$
;

CREATE OR REPLACE FUNCTION public.unified_auth_remember_answer(p_request bytea, p_answer text, p_keep_seconds integer)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  insert into unified_auth.sign_in_claims as c (claim, forgotten_at, answer)
  values (p_request, clock_timestamp() + make_interval(secs => p_keep_seconds), p_answer)
  on conflict (claim) do update
    set forgotten_at = excluded.forgotten_at, answer = excluded.answer;
$function$
;

CREATE OR REPLACE FUNCTION public.unified_auth_validate_sessions(p_validations public.unified_auth_validation[], p_policy public.session_policy)
 RETURNS json
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
begin
  return (
    select json_agg(json_build_object(
      'number', v.number,
      'answer', public.validate_session(
        v.session_id, v.generation, v.branch, v.may_confirm, p_policy, v.context)
    ))
    from unnest(p_validations) as v
  );
end;
$function$
;

CREATE OR REPLACE FUNCTION public.validate_session(p_session_id uuid, p_generation integer, p_branch smallint, p_may_confirm boolean, p_policy public.session_policy, p_context public.request_context, OUT outcome public.validation_outcome, OUT session public.session_snapshot, OUT server_time timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  v_session public.sessions;
  v_account unified_auth.account;
  v_end unified_auth.session_end;
  v_position unified_auth.presented_position;
  v_confirms boolean := false;
begin
  select * into v_session from public.sessions as s where s.id = p_session_id;
  server_time := clock_timestamp();

  if not found then
    outcome := 'not_found';
    return;
  end if;

  select
    u.email, u.phone, u.role, u.is_anonymous, u.raw_app_meta_data,
    unified_auth.user_metadata(u.raw_user_meta_data), u.banned_until, u.deleted_at
  into v_account
  from auth.users as u
  where u.id = v_session.user_id;

  -- No session ends without one of these. Whether it has is for session_end to say, as everywhere:
  -- tests/behaviour/sql/session_end_test.ts holds the two together.
  if not v_session.is_valid
    or v_session.refresh_token_expires_at <= server_time
    or v_account.banned_until is not null
    or v_account.deleted_at is not null
  then
    v_end := unified_auth.session_end(
      v_session, v_account.banned_until, v_account.deleted_at, server_time);
    if v_end is not null then
      perform unified_auth.record_use_after_end(v_session, p_context, server_time);
      outcome := v_end::text::public.validation_outcome;
      return;
    end if;
  end if;

  if p_generation = v_session.generation and p_branch = v_session.branch then
    if p_may_confirm
      and v_session.confirmed_at is null
      and v_session.generation > 1 -- the first generation has no predecessor to shut out
      and v_session.key_thumbprint is null -- a key says more than a confirmation
    then
      -- From when it was last handed out, and a replay hands it out too: a double of that request may
      -- be on its way as long as one of the first.
      v_confirms := server_time > greatest(v_session.issued_at, v_session.last_active_at)
        + make_interval(secs => p_policy.reuse_interval_seconds);
    end if;
  else
    v_position := unified_auth.access_token_position(v_session, p_generation, p_branch);
    if v_position = 'lost'
      or (v_position = 'superseded' and v_session.confirmed_at is not null)
    then
      outcome := 'stale';
      return;
    end if;
  end if;

  if (v_confirms or v_session.last_active_at
      < server_time - make_interval(secs => p_policy.activity_interval_seconds))
    and unified_auth.may_write() -- neither is worth an outage
  then
    begin
      -- Never wait for it: a rotation that holds the row makes this write pointless anyway, and an index
      -- that somebody makes holds the table for minutes.
      lock table public.sessions in row exclusive mode nowait;

      perform 1
      from public.sessions as s
      where s.id = p_session_id
        and s.is_valid
        and s.generation = v_session.generation
        and s.branch = v_session.branch
        and s.last_active_at = v_session.last_active_at -- or it was handed out again since
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
    exception
      when lock_not_available then null;
    end;
  end if;

  outcome := 'active';
  session := unified_auth.session_snapshot(v_session, v_account);
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth."session_user"(p_user_id uuid, OUT email text, OUT banned_until timestamp with time zone, OUT deleted_at timestamp with time zone)
 RETURNS record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select u.email, u.banned_until, u.deleted_at
  from auth.users as u
  where u.id = p_user_id;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.access_token_expires_at(p_now timestamp with time zone, p_access_ttl_seconds integer, p_refresh_token_expires_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- Whole seconds, as a JWT counts them, and never beyond the session itself (RFC 9700, 4.14.2).
  return least(
    date_trunc('second', p_now) + make_interval(secs => p_access_ttl_seconds),
    date_trunc('second', p_refresh_token_expires_at)
  );
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.access_token_lives(p_session public.sessions, p_generation integer, p_branch smallint)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_position unified_auth.presented_position :=
    unified_auth.access_token_position(p_session, p_generation, p_branch);
begin
  return v_position in ('current', 'predecessor')
    or (v_position = 'superseded' and p_session.confirmed_at is null);
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.access_token_position(p_session public.sessions, p_generation integer, p_branch smallint)
 RETURNS unified_auth.presented_position
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case
    when p_generation > p_session.generation then 'ahead'
    when p_generation = p_session.generation then case
      when p_branch > p_session.branch then 'ahead'
      when p_branch = p_session.branch then 'current'
      when p_branch = p_session.branch - 1
        and p_session.superseded_refresh_token_hash is not null then 'superseded'
      else 'lost'
    end
    when p_generation = p_session.generation - 1 then
      case when p_branch = p_session.previous_branch then 'predecessor' else 'lost' end
    else 'older'
  end::unified_auth.presented_position;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.access_token_standing(p_access public.token_place)
 RETURNS public.validation_outcome
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select case
    when standing = 'active' and not (
      select unified_auth.access_token_lives(s, p_access.generation, p_access.branch)
      from public.sessions as s
      where s.id = p_access.session_id
    ) then 'stale'
    else standing
  end
  from unified_auth.session_standing(p_access.session_id) as standing;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.count_right_password(p_buckets bytea[], p_interval_seconds integer)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  update unified_auth.login_throttle as t
  set right_passwords_tat = greatest(t.right_passwords_tat, clock_timestamp())
    + make_interval(secs => p_interval_seconds)
  where t.bucket = p_buckets[2];
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.end_replaced_session(p_presented public.presented_refresh_token, p_proven_key bytea, p_user_id uuid, p_replaced_by uuid, p_policy public.session_policy, p_context public.request_context)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.end_sessions(p_session_ids uuid[], p_reason public.session_revoked_reason, p_event public.session_event, p_context public.request_context, p_detail jsonb)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.end_sessions_of_changed_password()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '5s'
AS $function$
declare
  v_has_password constant boolean := new.encrypted_password <> '';
  v_had_password constant boolean := old.encrypted_password <> '';
  v_key_id_in constant text := '"key_id":"([^"]*)"'; -- where the project encrypts hashes
  v_key_id constant text := substring(new.encrypted_password, v_key_id_in);
  v_spared uuid;
begin
  if (v_has_password or v_had_password) is not true then
    return null;
  end if;

  -- A login after which Supabase Auth encrypts the hash anew, with another key, knew the password.
  if v_had_password
    and v_key_id is not distinct from substring(old.encrypted_password, v_key_id_in)
  then
    perform unified_auth.note_changed_password(new.id);
  end if;

  select c.session_id
  into v_spared
  from unified_auth.password_changes as c
  join auth.sessions as i on i.id = c.identity_session_id and i.user_id = c.user_id
  where c.user_id = new.id
    and c.announced_at > clock_timestamp() - interval '1 minute'
    and not exists (
      select 1
      from auth.sessions as o
      where o.user_id = new.id and o.id <> i.id
    );

  if v_spared is null and (v_has_password and v_had_password) is not true then
    select s.id
    into v_spared
    from public.sessions as s
    where s.user_id = new.id and s.is_valid
    order by s.last_active_at desc, s.created_at desc, s.id
    limit 1;
  end if;

  perform unified_auth.end_sessions(
    array(
      select s.id
      from public.sessions as s
      where s.user_id = new.id and s.is_valid and s.id is distinct from v_spared
    ),
    'password_changed', 'revoked', null, '{}'
  );
  return null;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.end_sessions_of_changed_user()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '5s'
AS $function$
declare
  v_reason public.session_revoked_reason := case
    when new.deleted_at is not null and old.deleted_at is null then 'user_deleted'
    when new.banned_until > clock_timestamp()
      and new.banned_until is distinct from old.banned_until then 'banned'
  end;
begin
  if v_reason is not null then
    perform unified_auth.end_sessions(
      array(
        select s.id
        from public.sessions as s
        where s.user_id = new.id and s.is_valid
      ),
      v_reason, 'revoked', null, '{}'
    );
  end if;
  return null;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.find_access_token_hook(p_hook text)
 RETURNS regproc
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (
    select p.oid::regproc
    from pg_proc as p
    where p.oid = to_regprocedure(
        format('%I.%I(jsonb)', split_part(p_hook, '.', 1), split_part(p_hook, '.', 2)))
      and p.prorettype = 'jsonb'::regtype
      and not p.proretset
  );
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.follow_factors(p_session public.sessions)
 RETURNS public.sessions
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_session.aal <> 'aal1' and not exists (
    select 1
    from auth.mfa_factors as f
    where f.user_id = p_session.user_id and f.status = 'verified'
  ) then
    p_session.aal := 'aal1';
    p_session.amr := coalesce(
      (
        select jsonb_agg(m.entry order by m.position)
        from jsonb_array_elements(p_session.amr) with ordinality as m (entry, position)
        where coalesce(m.entry ->> 'method', m.entry #>> '{}') !~ '^(totp|mfa/.*)$'
      ),
      '[]'
    );
  end if;
  return p_session;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.judge_acting_token(p_session public.sessions, p_presented public.presented_refresh_token, p_proof public.presented_proof, p_policy public.session_policy, p_now timestamp with time zone)
 RETURNS unified_auth.judged_token
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.judge_rotation(p_class unified_auth.token_class, p_position unified_auth.presented_position, p_proof unified_auth.proof_state, p_recent boolean, p_confirmed boolean, p_salt_kept boolean, p_row_key unified_auth.row_key, p_first_generation boolean, p_branch smallint, p_quiet boolean)
 RETURNS unified_auth.rotation_judgment
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_open constant boolean := not p_confirmed;
begin
  -- The table of docs/protocol.md, row by row: of each class the first that matches decides. As steps
  -- and not as one expression, of which every transaction would prepare each operator anew.
  if p_position = 'ahead' then
    return row(0, 'unknown_generation')::unified_auth.rotation_judgment;
  elsif p_position = 'hash_mismatch' then
    return row(1, 'key_compromise_suspected')::unified_auth.rotation_judgment;
  elsif p_class = 'stranger' and p_proof = 'none' then
    return row(2, 'proof_required')::unified_auth.rotation_judgment;
  elsif p_proof = 'outdated' then
    return row(3, 'proof_required')::unified_auth.rotation_judgment;

  elsif p_class = 'stranger' then
    if p_position = 'current' and p_quiet then
      return row(4, 'rotated')::unified_auth.rotation_judgment;
    else
      return row(5, 'proof_key_unknown')::unified_auth.rotation_judgment;
    end if;

  elsif p_class = 'rebound' then
    return row(6, 'reused')::unified_auth.rotation_judgment;

  elsif p_class = 'same' then
    if p_position = 'current' and p_recent then
      return row(7, 'unchanged')::unified_auth.rotation_judgment;
    elsif p_position = 'current' then
      return row(8, 'rotated')::unified_auth.rotation_judgment;
    elsif p_position = 'predecessor' and p_salt_kept then
      return row(9, 'replayed')::unified_auth.rotation_judgment;
    else
      return row(10, 'reissued')::unified_auth.rotation_judgment;
    end if;

  elsif p_position = 'current' then
    if p_recent and (p_proof = 'none' or not p_first_generation) then
      return row(11, 'unchanged')::unified_auth.rotation_judgment;
    else
      return row(12, 'rotated')::unified_auth.rotation_judgment;
    end if;

  elsif p_position = 'predecessor' then
    if v_open and p_recent and p_row_key in ('none', 'proven') and p_salt_kept and p_branch <= 3 then
      return row(13, 'replayed')::unified_auth.rotation_judgment;
    elsif v_open and p_recent and p_row_key = 'other' and p_proof = 'none' and p_branch <= 3 then
      return row(14, 'proof_required')::unified_auth.rotation_judgment;
    elsif v_open and p_branch < 255 then
      return row(15, 'reissued')::unified_auth.rotation_judgment;
    else
      return row(16, 'reused')::unified_auth.rotation_judgment;
    end if;

  elsif p_position = 'superseded' and v_open then
    return row(17, 'rotated')::unified_auth.rotation_judgment;
  else
    return row(18, 'reused')::unified_auth.rotation_judgment;
  end if;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.judge_token(p_session public.sessions, p_presented public.presented_refresh_token, p_proven_key bytea, p_proof unified_auth.proof_state, p_policy public.session_policy, p_now timestamp with time zone)
 RETURNS unified_auth.judged_token
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_class unified_auth.token_class := unified_auth.token_class(
    p_presented.key, p_proven_key, p_session.key_thumbprint);
  v_position unified_auth.presented_position := unified_auth.presented_position(
    p_session, p_presented.generation, p_presented.branch, p_presented.hash, p_presented.lineage);
  v_judgment unified_auth.rotation_judgment;
begin
  v_judgment := unified_auth.judge_rotation(
    v_class,
    v_position,
    p_proof,
    -- Further ahead than that it is of a clock that was set back since. Two tabs may have crossed just
    -- then, so the predecessor is still answered the same token; the current one is rotated, which
    -- writes the time anew.
    p_now <= p_session.issued_at + make_interval(secs => p_policy.reuse_interval_seconds)
      and (v_position = 'predecessor' or p_session.issued_at
        <= p_now + make_interval(secs => p_policy.reuse_interval_seconds)),
    p_session.confirmed_at is not null,
    p_session.successor_salt is not null,
    case
      when p_session.key_thumbprint is null then 'none'
      when p_session.key_thumbprint = p_proven_key then 'proven'
      else 'other'
    end::unified_auth.row_key,
    p_session.generation = 1,
    p_session.branch,
    coalesce(
      p_now > p_session.issued_at + make_interval(secs => p_policy.rebind_after_seconds), false)
  );
  return row(v_class, v_position, v_judgment.rule, v_judgment.outcome)::unified_auth.judged_token;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.local_logout_refusal(p_session public.sessions, p_judged unified_auth.judged_token)
 RETURNS public.revocation_outcome
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.lock_login_bucket(p_bucket bytea, p_max_delay_seconds integer)
 RETURNS unified_auth.login_throttle
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_bucket unified_auth.login_throttle;
  v_now timestamptz;
  v_ahead interval;
begin
  loop -- a purge or a right password may delete the row between the two statements
    insert into unified_auth.login_throttle (bucket) values (p_bucket)
    on conflict (bucket) do nothing;

    select * into v_bucket
    from unified_auth.login_throttle as t
    where t.bucket = p_bucket
    for update;

    if found then
      -- Charged later than now: the clock was set back since. Without a delay it blocks nobody. A delay
      -- that ends further ahead than the longest one begins anew: what is left of it nobody can tell.
      v_now := date_trunc('milliseconds', clock_timestamp());
      v_ahead := v_bucket.charged_at - v_now;
      if v_ahead > interval '0' and (
        v_bucket.blocked_until <= v_bucket.charged_at
        or v_bucket.blocked_until > v_now + make_interval(secs => p_max_delay_seconds)
      ) then
        update unified_auth.login_throttle as t
        set
          charged_at = t.charged_at - v_ahead,
          blocked_until = t.blocked_until - v_ahead,
          right_passwords_tat = t.right_passwords_tat - v_ahead
        where t.bucket = p_bucket
        returning t.* into v_bucket;
      end if;
      return v_bucket;
    end if;
  end loop;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.login_delay(p_failures double precision, p_free_failures integer, p_max_delay_seconds integer)
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select make_interval(secs => case
    when p_failures <= p_free_failures then 0
    else least(p_max_delay_seconds, 2 ^ (p_failures - p_free_failures - 1))
  end);
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.login_failures(p_bucket unified_auth.login_throttle, p_forgive_seconds integer, p_now timestamp with time zone)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select greatest(
    0,
    p_bucket.failures
      - greatest(0, extract(epoch from p_now - p_bucket.charged_at)) / p_forgive_seconds
  );
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.may_write()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- The default too: through the data API, transactions are not read-only even where everything else is.
  return not current_setting('transaction_read_only')::boolean
    and not current_setting('default_transaction_read_only')::boolean;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.mint(p_session_id uuid, p_user_id uuid, p_account unified_auth.account, p_aal text, p_amr jsonb, p_method text, p_issued_at timestamp with time zone, p_expires_at timestamp with time zone, p_policy public.access_token_policy)
 RETURNS unified_auth.minting
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_hook regproc;
  v_claims jsonb;
  v_answer jsonb;
  v_added jsonb;
begin
  if not unified_auth.role_is_allowed(p_account.role, p_policy.allowed_roles) then
    return row('role_not_allowed', null, null)::unified_auth.minting;
  end if;
  if p_policy.hook is null then
    return row(null, null, null)::unified_auth.minting;
  end if;

  v_hook := unified_auth.find_access_token_hook(p_policy.hook);
  if v_hook is null then
    return row('hook_refused', null, 'there is no such function')::unified_auth.minting;
  end if;

  v_claims := jsonb_build_object(
    'iss', p_policy.issuer,
    'aud', 'authenticated',
    'sub', p_user_id,
    'iat', floor(extract(epoch from p_issued_at))::bigint,
    'exp', floor(extract(epoch from p_expires_at))::bigint,
    'session_id', p_session_id,
    'role', p_account.role,
    'email', coalesce(p_account.email, ''),
    'phone', coalesce(p_account.phone, ''),
    'is_anonymous', coalesce(p_account.is_anonymous, false),
    'app_metadata', coalesce(p_account.app_metadata, '{}'),
    'user_metadata', coalesce(p_account.user_metadata, '{}'),
    'aal', p_aal,
    'amr', p_amr
  );

  begin
    execute format('select %s($1)', v_hook)
    into v_answer
    using jsonb_build_object(
      'user_id', p_user_id,
      'claims', v_claims,
      'authentication_method', coalesce(
        p_method,
        (
          select m.entry ->> 'method'
          from jsonb_array_elements(p_amr) as m (entry)
          order by m.entry -> 'timestamp' desc nulls last
          limit 1
        ),
        'password'
      )
    );
  exception when others then
    -- What may pass is an outage and no refusal: connections, deadlocks, resources, locks, operators.
    if left(sqlstate, 2) in ('08', '40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    return row('hook_refused', null, format('%s: %s', sqlstate, sqlerrm))::unified_auth.minting;
  end;

  if jsonb_typeof(v_answer -> 'error') = 'object' then
    return row('hook_refused', null, coalesce(v_answer #>> '{error,message}', 'no message'))::unified_auth.minting;
  end if;
  if jsonb_typeof(v_answer -> 'claims') is distinct from 'object' then
    return row('hook_refused', null, 'it answered no claims')::unified_auth.minting;
  end if;

  -- The claims that the session stands on stay ours. One that the hook hands back as it was is not
  -- added: user_metadata, above all, has no place in a cookie.
  select coalesce(jsonb_object_agg(c.key, c.value), '{}') into v_added
  from jsonb_each(v_answer -> 'claims') as c
  where c.key not in ('iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'session_id', 'gen', 'branch')
    and c.value is distinct from v_claims -> c.key;

  if exists (
    select 1
    from jsonb_each(v_added) as c
    where v_claims ? c.key and jsonb_typeof(c.value) <> jsonb_typeof(v_claims -> c.key)
  ) then
    return row('hook_refused', null, 'it changed the type of a claim')::unified_auth.minting;
  end if;
  if octet_length(v_added::text) > 2048 then -- a browser drops a cookie of more than 4,096 bytes
    return row('hook_refused', null, 'it added more than 2,048 bytes')::unified_auth.minting;
  end if;
  if v_added ? 'role'
    and not unified_auth.role_is_allowed(v_added ->> 'role', p_policy.allowed_roles)
  then
    return row('role_not_allowed', null, null)::unified_auth.minting;
  end if;
  return row(null, v_added, null)::unified_auth.minting;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.note_changed_password(p_user_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.presented_position(p_session public.sessions, p_generation integer, p_branch smallint, p_hash bytea, p_lineage bytea)
 RETURNS unified_auth.presented_position
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_generation = p_session.generation and p_branch = p_session.branch then
    return case when p_hash = p_session.refresh_token_hash then 'current' else 'hash_mismatch' end;
  end if;
  return case
    when p_generation > p_session.generation then 'ahead'
    when p_generation = p_session.generation and p_branch > p_session.branch then 'ahead'
    when p_generation = p_session.generation and p_branch = p_session.branch - 1
      and p_session.superseded_refresh_token_hash is not null then
      case when p_hash = p_session.superseded_refresh_token_hash
        then 'superseded' else 'hash_mismatch' end
    when p_generation = p_session.generation - 1 and p_branch = p_session.previous_branch then
      case when p_hash = p_session.previous_refresh_token_hash
        then 'predecessor' else 'hash_mismatch' end
    -- No hash is kept of the rest, and the tag proves no more than SESSION_SECRET, which may have
    -- leaked. The lineage is known only to those who held a token of this session.
    when p_lineage is distinct from p_session.lineage then 'hash_mismatch'
    when p_generation >= p_session.generation - 1 then 'lost'
    else 'older'
  end::unified_auth.presented_position;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.proof_state(p_session public.sessions, p_proof public.presented_proof, p_policy public.session_policy, p_now timestamp with time zone)
 RETURNS unified_auth.proof_state
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- The session's own place, not that of the presented token: a recorded request would otherwise be
  -- good forever. The reuse interval, because somebody who moves the place again and again would
  -- otherwise keep every challenge outdated. A challenge holds whole seconds, and is rounded down.
  return case
    when p_proof.thumbprint is null then 'none'
    when p_proof.session_id = p_session.id and (
      (p_proof.generation = p_session.generation and p_proof.branch = p_session.branch)
      or p_now - p_proof.challenged_at between interval '0'
        and make_interval(secs => p_policy.reuse_interval_seconds + 1)
    ) then 'fresh'
    else 'outdated'
  end::unified_auth.proof_state;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.record_hourly(p_event public.session_event, p_session public.sessions, p_context public.request_context, p_detail jsonb, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.record_refusal(p_session public.sessions, p_presented public.presented_refresh_token, p_proof public.presented_proof, p_judged unified_auth.judged_token, p_context public.request_context, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_detail jsonb;
begin
  if p_judged.outcome not in ('reused', 'key_compromise_suspected', 'proof_key_unknown') then
    return;
  end if;
  v_detail := jsonb_strip_nulls(jsonb_build_object(
    'presented', p_judged.position, 'class', p_judged.class, 'rule', p_judged.rule,
    'presented_generation', p_presented.generation, 'presented_branch', p_presented.branch,
    'generation', p_session.generation, 'branch', p_session.branch,
    'issued_at', p_session.issued_at,
    'key_thumbprint', encode(p_session.key_thumbprint, 'hex'),
    'proven_thumbprint', encode(p_proof.thumbprint, 'hex')
  ));
  if p_judged.outcome = 'reused' then
    perform unified_auth.end_sessions(
      array[p_session.id], 'reused', 'reuse_detected', p_context, v_detail);
  else
    perform unified_auth.record_hourly(
      case p_judged.outcome
        when 'proof_key_unknown' then 'proof_refused'
        else 'key_compromise_suspected'
      end::public.session_event,
      p_session, p_context, v_detail, p_now
    );
  end if;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.record_use_after_end(p_session public.sessions, p_context public.request_context, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.refund_login_charge(p_buckets bytea[], p_charged_at timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with locked as (
    select t.bucket
    from unnest(p_buckets) with ordinality as b (bucket, position)
    join unified_auth.login_throttle as t on t.bucket = b.bucket
    order by b.position desc
    for update of t
  )
  update unified_auth.login_throttle as t
  set
    failures = greatest(0, t.failures - 1),
    -- Lifts the delay that this charge brought, and gives the turn back; not those of a later one.
    blocked_until =
      case when t.charged_at = p_charged_at then t.charged_at else t.blocked_until end,
    turn_at = case when t.charged_at = p_charged_at then t.charged_at else t.turn_at end
  from locked
  where t.bucket = locked.bucket;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.revocation_refusal(p_judged unified_auth.judged_token)
 RETURNS public.revocation_outcome
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case
    when p_judged.outcome in ('unchanged', 'rotated', 'replayed', 'reissued') then null
    when p_judged.outcome in ('proof_required', 'proof_key_unknown', 'reused')
      then p_judged.outcome::text
    else 'not_allowed'
  end::public.revocation_outcome;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.role_is_allowed(p_role text, p_allowed_roles text[])
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- Never a role that stands above row level security or outside of sign-in, whatever the setting says:
  -- a user's role is a column that an application may let people change.
  return coalesce(
    p_role = any (coalesce(p_allowed_roles, array['authenticated']))
      and p_role not in ('service_role', 'anon', 'postgres', 'authenticator', 'dashboard_user')
      and p_role !~ '^(supabase|pg)_',
    false
  );
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.session_end(p_session public.sessions, p_banned_until timestamp with time zone, p_deleted_at timestamp with time zone, p_now timestamp with time zone)
 RETURNS unified_auth.session_end
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.session_is_live(p_session_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
  select exists (
    select 1
    from public.sessions as s
    join auth.users as u on u.id = s.user_id
    where s.id = p_session_id
      and unified_auth.session_end(s, u.banned_until, u.deleted_at, now()) is null
  );
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.session_snapshot(p_session public.sessions, p_account unified_auth.account, p_added_claims jsonb DEFAULT NULL::jsonb)
 RETURNS public.session_snapshot
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.session_standing(p_session_id uuid)
 RETURNS public.validation_outcome
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.token_class(p_token_key bytea, p_proven_key bytea, p_row_key bytea)
 RETURNS unified_auth.token_class
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case
    when p_proven_key = p_row_key then 'same'
    when p_token_key is distinct from p_proven_key and p_token_key is not null then 'stranger'
    when p_token_key is not null and p_row_key is not null then 'rebound'
    else 'unbound'
  end::unified_auth.token_class;
end;
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.user_lock_key(p_user_id uuid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select hashtextextended('unified_auth:' || p_user_id::text, 0);
$function$
;

CREATE OR REPLACE FUNCTION unified_auth.user_metadata(p_metadata jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;

-- Triggers

CREATE TRIGGER unified_auth_end_sessions AFTER UPDATE OF banned_until, deleted_at ON auth.users FOR EACH ROW WHEN (((new.banned_until IS DISTINCT FROM old.banned_until) OR (new.deleted_at IS DISTINCT FROM old.deleted_at))) EXECUTE FUNCTION unified_auth.end_sessions_of_changed_user();
CREATE CONSTRAINT TRIGGER unified_auth_end_sessions_of_changed_password AFTER UPDATE OF encrypted_password ON auth.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.encrypted_password)::text IS DISTINCT FROM (old.encrypted_password)::text)) EXECUTE FUNCTION unified_auth.end_sessions_of_changed_password();

-- Grants

grant execute on function public.announce_password_change(uuid,uuid,uuid) to service_role;
grant execute on function public.check_access_token_hook(text) to service_role;
grant execute on function public.check_login_allowed(bytea[],integer[],integer[],integer[],integer,integer) to service_role;
grant execute on function public.claim_sign_in(bytea,integer) to service_role;
grant execute on function public.create_session(uuid,uuid,bytea,bytea,bytea,text,text,jsonb,public.presented_refresh_token,bytea[],timestamp with time zone,uuid,public.session_policy,public.request_context,public.access_token_policy) to service_role;
grant execute on function public.database_is_read_only() to service_role;
grant execute on function public.list_user_sessions(public.token_place,public.request_context) to service_role;
grant execute on function public.purge_sessions(integer,integer,integer) to service_role;
grant execute on function public.record_login_failure(bytea[],timestamp with time zone,text,public.request_context,integer) to service_role;
grant execute on function public.release_sign_in(bytea) to service_role;
grant execute on function public.revoke_session(uuid,public.session_revoked_reason,public.request_context,public.presented_refresh_token,public.token_place,public.token_place,public.presented_proof,public.session_policy) to service_role;
grant execute on function public.revoke_user_sessions(public.logout_scope,public.request_context,uuid,public.presented_refresh_token,public.token_place,public.presented_proof,public.session_policy) to service_role;
grant execute on function public.rotate_session(public.presented_refresh_token,public.presented_proof,public.proposed_successor,public.session_policy,public.session_event,public.request_context,public.access_token_policy) to service_role;
grant execute on function public.session_is_live() to authenticated;
grant execute on function public.unified_auth_last_migration() to service_role;
grant execute on function public.unified_auth_recall_answer(bytea) to service_role;
grant execute on function public.unified_auth_remember_answer(bytea,text,integer) to service_role;
grant execute on function public.unified_auth_validate_sessions(public.unified_auth_validation[],public.session_policy) to service_role;
grant execute on function public.validate_session(uuid,integer,smallint,boolean,public.session_policy,public.request_context) to service_role;
grant execute on function unified_auth.session_is_live(uuid) to authenticated;
grant usage on schema unified_auth to authenticated;
