-- The two tables of Unified Auth, their types and what may never be true of a row.
--
-- Nobody reads or writes them directly, not even service_role: the functions of the later migrations
-- are the only entry point. Row level security is on with an explicit deny, so that a grant given by
-- mistake still opens nothing.

create schema unified_auth;

comment on schema unified_auth is
  'What the functions of Unified Auth share. Not exposed by the data API.';

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

create table public.sessions (
  id uuid primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  is_valid boolean not null default true,
  created_at timestamptz not null,
  last_active_at timestamptz not null,
  access_token_expires_at timestamptz not null,
  rate_limit_tat timestamptz, -- here: what the refresh of an unchanged token writes lies together
  refresh_token_expires_at timestamptz not null,
  absolute_expires_at timestamptz,
  generation integer not null default 1,
  branch smallint not null default 0,
  refresh_token_hash bytea not null,
  previous_refresh_token_hash bytea,
  previous_branch smallint,
  superseded_refresh_token_hash bytea,
  successor_salt bytea,
  successor_key_id text,
  issued_at timestamptz not null,
  confirmed_at timestamptz,
  key_thumbprint bytea,
  lineage bytea,
  ip inet,
  user_agent text,
  device_name text,
  aal text not null,
  amr jsonb not null,
  identity_session_id uuid, -- of Supabase Auth, that the login stood on; null: not known
  revoked_at timestamptz,
  revoked_reason public.session_revoked_reason,

  constraint sessions_generation_starts_at_one check (generation >= 1),
  constraint sessions_branch_fits_one_byte check (branch between 0 and 255),
  constraint sessions_refresh_token_hash_is_sha256
    check (octet_length(refresh_token_hash) = 32),
  constraint sessions_previous_refresh_token_hash_is_sha256
    check (octet_length(previous_refresh_token_hash) = 32),
  constraint sessions_superseded_refresh_token_hash_is_sha256
    check (octet_length(superseded_refresh_token_hash) = 32),
  constraint sessions_key_thumbprint_is_half_a_sha256 check (octet_length(key_thumbprint) = 16),
  constraint sessions_lineage_is_eight_bytes check (octet_length(lineage) = 8),
  constraint sessions_first_generation_has_no_predecessor check (
    (generation = 1) = (previous_refresh_token_hash is null)
    and (generation = 1) = (previous_branch is null)
  ),
  constraint sessions_only_a_branch_supersedes
    check (superseded_refresh_token_hash is null or branch > 0),
  constraint sessions_salt_is_sixteen_bytes check (octet_length(successor_salt) = 16),
  constraint sessions_salt_names_its_key
    check ((successor_salt is null) = (successor_key_id is null)),
  -- Once the successor is in use, nothing may be left from which it could be derived again: with a
  -- dump, a leaked secret and the predecessor. The successor of a bound session is worth nothing
  -- without its key, so that one may be derived again until the next rotation, and is never confirmed.
  constraint sessions_salt_goes_with_confirmation
    check (successor_salt is null or (confirmed_at is null and is_valid and generation > 1)),
  constraint sessions_only_unbound_are_confirmed
    check (confirmed_at is null or key_thumbprint is null),
  constraint sessions_valid_until_revoked check (is_valid = (revoked_at is null)),
  constraint sessions_revocation_has_reason
    check ((revoked_at is null) = (revoked_reason is null)),
  constraint sessions_one_exchange_an_identity_session unique (identity_session_id),
  constraint sessions_aal_is_known check (aal in ('aal1', 'aal2', 'aal3')),
  constraint sessions_amr_is_a_list check (jsonb_typeof(amr) = 'array')
)
-- Room on the page for a rotation's new version, a HOT update. The first rotation also makes a row
-- longer by a quarter (its predecessor's hash, the salt), so that 85 was too full: twenty rotations of
-- every session made the table half as large again, and 2 % of them were not HOT. With 70 it grew by
-- 12 % at the most, and 0.4 % were not.
with (fillfactor = 70);

comment on table public.sessions is
  'One row a signed-in browser or device. Holds hashes of refresh tokens, never a token.';
comment on column public.sessions.superseded_refresh_token_hash is
  'The branch that the current one replaced, of the same generation: it may still be the one that the browser kept.';
comment on column public.sessions.issued_at is
  'When the current generation and branch was issued; the reuse interval is measured from here.';
comment on column public.sessions.confirmed_at is
  'When the current token of a session without a key was seen in use, longer than the reuse interval after it was last handed out.';
comment on column public.sessions.key_thumbprint is
  'First half of the thumbprint (RFC 7638) of the key that the current token was issued to; null: none.';
comment on column public.sessions.lineage is
  'Random, chosen at login, the same in every token of the session: a leaked secret alone does not yield it.';
comment on column public.sessions.rate_limit_tat is
  'Theoretical arrival time (GCRA) of the session''s next refresh: each refresh moves it on by a fixed interval.';

-- Only columns that no rotation changes may be indexed, or rotations stop being HOT updates.
create index sessions_user_id_idx on public.sessions (user_id);

create table public.session_events (
  id bigint generated always as identity primary key,
  occurred_at timestamptz not null default clock_timestamp(),
  event public.session_event not null,
  session_id uuid,
  user_id uuid,
  ip inet,
  user_agent text,
  request_id text,
  detail jsonb not null default '{}',

  constraint session_events_detail_is_an_object check (jsonb_typeof(detail) = 'object')
);

comment on table public.session_events is
  'What happened to sessions, written in the transaction of the change. No token, no password, no e-mail.';

-- Lets what somebody could repeat at will be recorded once an hour instead of at every request.
create index session_events_hourly_idx
  on public.session_events (session_id, event, occurred_at)
  where event in ('used_after_revocation', 'key_compromise_suspected', 'proof_refused');

-- For audits and alerts. The table only grows at its end, so that a few pages say what is recent; and
-- what happens seldom would be looked for through months of refreshes.
create index session_events_occurred_at_idx
  on public.session_events using brin (occurred_at) with (autosummarize = on);
create index session_events_seldom_idx
  on public.session_events (event, id)
  where event in (
    'reuse_detected', 'evicted', 'login_failed', 'key_compromise_suspected', 'rebound',
    'proof_refused'
  );

alter table public.sessions enable row level security;
alter table public.session_events enable row level security;

create policy sessions_only_through_functions on public.sessions
  for all to public using (false) with check (false);
create policy session_events_only_through_functions on public.session_events
  for all to public using (false) with check (false);
