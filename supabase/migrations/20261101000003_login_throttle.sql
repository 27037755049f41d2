-- The throttle of failed logins. It lives in the database so that many function instances share it.
--
-- A bucket is an account, an address, or the pair of both, named by a keyed hash that the caller
-- makes: no e-mail and no address rests here. The numbers are the caller's.

-- Unlogged: losing it in a crash forgives some failures, and a failed login costs no WAL.
create unlogged table unified_auth.login_throttle (
  bucket bytea primary key,
  failures integer not null,
  last_failure_at timestamptz not null,
  blocked_until timestamptz not null,

  constraint login_throttle_bucket_is_a_keyed_hash check (octet_length(bucket) = 32),
  constraint login_throttle_counts_failures check (failures >= 1)
);

alter table unified_auth.login_throttle enable row level security;
create policy login_throttle_only_through_functions on unified_auth.login_throttle
  for all to public using (false) with check (false);

create function public.check_login_allowed(
  p_buckets bytea[],
  out allowed boolean,
  out retry_after_seconds integer
)
language sql
volatile -- not stable: a stable function keeps the caller's snapshot
security definer -- the door to a table that service_role cannot read
set search_path = ''
as $$
  select
    count(t.bucket) = 0,
    coalesce(
      ceil(extract(epoch from max(t.blocked_until) - clock_timestamp()))::integer, 0)
  from unified_auth.login_throttle as t
  where t.bucket = any (p_buckets) and t.blocked_until > clock_timestamp();
$$;

comment on function public.check_login_allowed is
  'Whether a login may be tried now, and if not, in how many seconds.';

create function public.record_login_failure(
  p_buckets bytea[],
  p_free_failures integer[], -- of each bucket: how many failures cost nothing
  p_max_delay_seconds integer[], -- of each bucket
  p_forget_after_seconds integer,
  p_account bytea, -- keyed hash of the e-mail, for the audits
  p_reason text,
  p_ip inet,
  p_user_agent text,
  p_request_id text
)
-- Not one `out` parameter: the data API answers that as an object, and the type generator as a number.
returns integer
language plpgsql
volatile
security definer -- the door to tables that service_role cannot write
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  v_retry_after_seconds integer;
begin
  -- In the order of the buckets, so that two failures that share two of them cannot deadlock.
  insert into unified_auth.login_throttle as t (bucket, failures, last_failure_at, blocked_until)
  select b.bucket, 1, clock_timestamp(), clock_timestamp()
  from unnest(p_buckets) as b (bucket)
  order by b.bucket
  on conflict (bucket) do update set
    failures = case
      when t.last_failure_at
        < excluded.last_failure_at - make_interval(secs => p_forget_after_seconds)
      then 1
      else t.failures + 1
    end,
    last_failure_at = excluded.last_failure_at;

  -- The delay doubles with every failure beyond the free ones: 1 s, 2 s, 4 s, up to the bucket's own
  -- longest. The exponent is bounded so that a long siege does not overflow.
  with delayed as (
    update unified_auth.login_throttle as t
    set blocked_until = t.last_failure_at + make_interval(secs => case
      when t.failures <= b.free_failures then 0
      else least(b.max_delay_seconds, 2 ^ least(t.failures - b.free_failures - 1, 20))
    end)
    from unnest(p_buckets, p_free_failures, p_max_delay_seconds)
      as b (bucket, free_failures, max_delay_seconds)
    where t.bucket = b.bucket
    returning t.blocked_until
  )
  select coalesce(ceil(extract(epoch from max(d.blocked_until) - clock_timestamp())), 0)::integer
  into v_retry_after_seconds
  from delayed as d;

  insert into public.session_events (event, ip, user_agent, request_id, detail)
  values (
    'login_failed', p_ip, p_user_agent, p_request_id,
    jsonb_build_object('account', encode(p_account, 'hex'), 'reason', p_reason)
  );
  return greatest(v_retry_after_seconds, 0);
end;
$$;

comment on function public.record_login_failure is
  'Counts a failed login in its buckets and writes the event; answers for how many seconds the next one is delayed.';
