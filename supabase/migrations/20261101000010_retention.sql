-- purge_sessions: forgets what is over, in batches small enough never to be in a rotation's way.

-- An index that finds expired sessions would end the HOT updates of rotations, and a look at the whole
-- table takes the longer the more sessions there are: 9 s with ten million. So each batch looks at one
-- window of the table, and the sequence gives every batch the next one, two at once included.
create sequence unified_auth.purge_windows minvalue 0;

comment on sequence unified_auth.purge_windows is
  'Which window of the sessions the next batch of a purge looks at, modulo their number.';

-- What was purged stays in the index until a vacuum, and with many events that is days away: a batch
-- that looked for the oldest from the beginning would walk over all of it, every time.
create sequence unified_auth.oldest_event minvalue 0;

comment on sequence unified_auth.oldest_event is
  'The id of the oldest event that the last purge found; the next one begins to look there.';

-- Whoever holds the secret key may call this, and a leaked one must erase neither sessions nor evidence:
-- whatever the arguments, nothing live goes and no event of the last week, and each purge leaves an event.
create function public.purge_sessions(
  p_batch_size integer default 5000, -- rows of each kind
  -- How long a dead session is kept to notice its token in use: 90 days. A copied refresh token is
  -- good for 30; the rest is for a backup or a disk image that turns up late.
  p_tombstone_seconds integer default 7776000,
  -- 180 days: two tombstones, so that an incident still has its history when its session is gone.
  p_event_retention_seconds integer default 15552000,
  out purged_sessions integer,
  out purged_events integer,
  out purged_throttle_buckets integer,
  out windows integer -- so many batches look at every session once
)
language plpgsql
volatile
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
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
$$;

comment on function public.purge_sessions is
  'Deletes one batch of dead sessions, old events and idle throttle buckets; nothing is left once it has answered zeros as often in a row as it says there are windows.';
