-- Sessions a user: who has how many live sessions?
select
  coalesce(s.email, s.user_id::text) as "user",
  count(*) as sessions,
  count(distinct s.user_agent) as user_agents,
  count(distinct s.ip) as addresses,
  min(s.created_at) as oldest_sign_in,
  max(s.last_active_at) as last_active_at
from unified_auth.live_sessions as s
group by s.user_id, s.email
order by sessions desc, last_active_at desc
limit 100;
