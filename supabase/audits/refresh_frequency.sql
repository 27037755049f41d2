-- Refresh frequency: how often does a session refresh, day by day over the last two weeks?
select
  g.day,
  count(distinct g.session_id) as sessions,
  count(*) as refreshes,
  round(count(*)::numeric / count(distinct g.session_id), 1) as refreshes_per_session,
  date_trunc('second', percentile_cont(0.5) within group (order by g.gap)) as median_gap,
  date_trunc('second', min(g.gap)) as shortest_gap
from (
  select
    a.session_id,
    date_trunc('day', a.occurred_at) as day,
    a.occurred_at - lag(a.occurred_at) over (partition by a.session_id order by a.id) as gap
  from unified_auth.refresh_attempts as a
  where a.succeeded and a.occurred_at > now() - interval '14 days'
) as g
group by g.day
order by g.day desc;
