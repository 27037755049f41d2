-- Saved sessions: how often did the rotation rule keep somebody signed in whom plain rotation would have signed out?
select
  date_trunc('day', a.occurred_at) as day,
  count(*) filter (where a.event = 'replay') as replays,
  count(*) filter (where a.event = 'reissue') as reissues,
  count(*) filter (where a.event not in ('replay', 'reissue')) as older_branch_continued,
  count(distinct a.session_id) as sessions,
  count(distinct a.user_id) as users
from unified_auth.refresh_attempts as a
where a.succeeded
  and (a.event in ('replay', 'reissue') or a.presented = 'superseded')
  and a.occurred_at > now() - interval '30 days'
group by day
order by day desc;
