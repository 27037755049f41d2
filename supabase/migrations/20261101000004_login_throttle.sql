-- The throttle of failed logins. It lives in the database so that many function instances share it.
-- docs/security.md tells what it bounds and why each number is what it is; the numbers are the caller's.
--
-- A bucket is an account, a network, or the pair of both, named by a keyed hash that the caller
-- makes: no e-mail and no address rests here. An attempt is charged before the password is checked
-- and refunded unless the password was wrong, so that guesses sent at once are counted one by one.
--
-- A stranger must not be able to keep an account's owner out. So an account's failures block nobody:
-- they make each network that tries the account wait for a turn of its own, which no other network
-- can take or put off.

-- Unlogged: losing it in a crash forgives some failures, and a failed login costs no WAL.
create unlogged table unified_auth.login_throttle (
  bucket bytea primary key,
  failures double precision not null default 0, -- at charged_at; forgiven at a steady rate since
  charged_at timestamptz not null default clock_timestamp(),
  blocked_until timestamptz not null default '-infinity',
  right_passwords_tat timestamptz, -- of an account: when its right passwords are within their rate again
  turn_at timestamptz, -- of a pair: from when on its account's failures hold it up no longer

  constraint login_throttle_bucket_is_a_keyed_hash check (octet_length(bucket) = 32),
  constraint login_throttle_counts_failures check (failures >= 0)
);

alter table unified_auth.login_throttle enable row level security;
create policy login_throttle_only_through_functions on unified_auth.login_throttle
  for all to public using (false) with check (false);

create function unified_auth.login_failures(
  p_bucket unified_auth.login_throttle,
  p_forgive_seconds integer,
  p_now timestamptz
) returns double precision
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select greatest(
    0,
    p_bucket.failures
      - greatest(0, extract(epoch from p_now - p_bucket.charged_at)) / p_forgive_seconds
  );
$$;

comment on function unified_auth.login_failures is
  'The failures of a bucket that are not forgiven yet.';

create function unified_auth.login_delay(
  p_failures double precision,
  p_free_failures integer,
  p_max_delay_seconds integer
) returns interval
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select make_interval(secs => case
    when p_failures <= p_free_failures then 0
    else least(p_max_delay_seconds, 2 ^ (p_failures - p_free_failures - 1))
  end);
$$;

comment on function unified_auth.login_delay is
  'What the failures of a bucket cost: nothing, then 1 s, 2 s, 4 s, up to the bucket''s longest delay.';

create function unified_auth.lock_login_bucket(p_bucket bytea, p_max_delay_seconds integer)
returns unified_auth.login_throttle
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
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
$$;

create function public.check_login_allowed(
  -- The pair, the account, and the network where one is known; none: allowed, and nothing is charged.
  p_buckets bytea[],
  p_free_failures integer[], -- of each bucket: how many failures cost nothing
  p_forgive_seconds integer[], -- of each bucket: after how long one failure is forgiven
  p_max_delay_seconds integer[], -- of each bucket
  p_right_password_burst integer default null, -- how many of an account may come at once; null: no limit
  p_right_password_interval_seconds integer default null, -- and how far apart they may come forever
  out allowed boolean,
  out retry_after_seconds integer,
  out charged_at timestamptz -- names the charge, for its refund
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
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
$$;

comment on function public.check_login_allowed is
  'Whether a login may be tried now, and if not, in how many seconds. An allowed one is charged as a failure until it is known to be none.';

create function unified_auth.refund_login_charge(p_buckets bytea[], p_charged_at timestamptz)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
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
$$;

comment on function unified_auth.refund_login_charge is
  'Takes back what check_login_allowed charged, for a login that was no wrong password.';

create function unified_auth.count_right_password(p_buckets bytea[], p_interval_seconds integer)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
  update unified_auth.login_throttle as t
  set right_passwords_tat = greatest(t.right_passwords_tat, clock_timestamp())
    + make_interval(secs => p_interval_seconds)
  where t.bucket = p_buckets[2];
$$;

comment on function unified_auth.count_right_password is
  'Counts a right password of a charged login, whatever came of it: each leaves rows behind.';

create function public.record_login_failure(
  p_buckets bytea[], -- as they were charged
  p_refunded_charge timestamptz, -- null: the password was wrong, the charge stands
  p_reason text, -- null: nobody judged the login, there is nothing to record
  p_context public.request_context,
  p_right_password_interval_seconds integer default null -- null: the password was not right, or nobody judged it
)
returns void
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
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
$$;

comment on function public.record_login_failure is
  'How a charged login ended without a session: writes the event, and refunds the charge of one that was no wrong password.';
