-- purge_sessions: forgets what is over, in batches small enough never to be in a rotation's way.

create function public.purge_sessions(
  p_batch_size integer default 5000, -- rows of each kind
  -- How long a dead session is kept to notice its token in use: 90 days. A copied refresh token is
  -- good for 30; the rest is for a backup or a disk image that turns up late.
  p_tombstone_seconds integer default 7776000,
  -- 180 days: two tombstones, so that an incident still has its history when its session is gone.
  p_event_retention_seconds integer default 15552000,
  out purged_sessions integer,
  out purged_events integer,
  out purged_throttle_buckets integer
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables: this is the door
set search_path = ''
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_dead_before timestamptz := v_now - make_interval(secs => p_tombstone_seconds);
begin
  -- Rows that somebody holds are left for the next batch.
  with
    dead as (
      select s.id
      from public.sessions as s
      where s.revoked_at < v_dead_before or s.refresh_token_expires_at < v_dead_before
      limit p_batch_size
      for update skip locked
    ),
    purged as (
      delete from public.sessions as s
      using dead
      where s.id = dead.id
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
  with
    oldest as (
      select o.id
      from public.session_events as o
      order by o.id
      limit p_batch_size
    ),
    outdated as (
      -- Locked before they go, so that two purges at once neither wait for each other nor deadlock.
      select e.id
      from public.session_events as e
      join oldest on oldest.id = e.id
      where e.occurred_at < v_now - make_interval(secs => p_event_retention_seconds)
      for update of e skip locked
    )
  delete from public.session_events as e
  using outdated
  where e.id = outdated.id;
  get diagnostics purged_events = row_count;

  with idle as (
    select t.bucket
    from unified_auth.login_throttle as t
    where t.charged_at < v_now - interval '1 day'
    limit p_batch_size
    for update skip locked
  )
  delete from unified_auth.login_throttle as t
  using idle
  where t.bucket = idle.bucket;
  get diagnostics purged_throttle_buckets = row_count;
end;
$$;

comment on function public.purge_sessions is
  'Deletes one batch of dead sessions, old events and idle throttle buckets; call it until it answers zeros.';
