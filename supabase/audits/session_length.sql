-- Session length: how long were the sessions that have ended in use, by how they ended?
select
  coalesce(e.reason, 'all') as ended_by,
  count(*) as sessions,
  date_trunc('second', avg(e.length)) as average,
  date_trunc('second', percentile_cont(0.5) within group (order by e.length)) as median,
  date_trunc('second', max(e.length)) as longest
from unified_auth.ended_sessions as e
group by rollup (e.reason)
order by grouping(e.reason) desc, sessions desc;
