-- Failed logins by address: from where did sign-ins by password fail in the last 24 hours, and for how many accounts?
select
  e.ip,
  count(*) as failures,
  count(distinct e.detail ->> 'account') as accounts,
  count(distinct e.user_agent) as user_agents,
  min(e.occurred_at) as first_at,
  max(e.occurred_at) as last_at
from public.session_events as e
where e.event = 'login_failed' and e.occurred_at > now() - interval '24 hours'
group by e.ip
order by failures desc, last_at desc
limit 100;
