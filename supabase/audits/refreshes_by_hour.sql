-- Refreshes by hour: how many refreshes succeeded and failed in each hour of the last two days?
select
  date_trunc('hour', a.occurred_at) as hour,
  count(*) filter (where a.event = 'refresh') as refreshed,
  count(*) filter (where a.event = 'auto_refresh') as auto_refreshed,
  count(*) filter (where a.event in ('replay', 'reissue')) as saved,
  count(*) filter (where a.event = 'used_after_revocation') as used_after_end,
  count(*) filter (where a.event = 'reuse_detected') as reused,
  count(*) filter (where a.event = 'key_compromise_suspected') as key_suspected,
  round(100.0 * count(*) filter (where a.succeeded) / count(*), 1) as success_percent
from unified_auth.refresh_attempts as a
where a.occurred_at > now() - interval '48 hours'
group by hour
order by hour desc;
