-- Failed logins by account: for which accounts did sign-ins by password fail in the last 24 hours?
select
  left(e.detail ->> 'account', 16) as account_hash,
  count(*) as failures,
  count(distinct e.ip) as addresses,
  count(distinct e.user_agent) as user_agents,
  min(e.occurred_at) as first_at,
  max(e.occurred_at) as last_at
from public.session_events as e
where e.event = 'login_failed' and e.occurred_at > now() - interval '24 hours'
group by e.detail ->> 'account'
order by failures desc, last_at desc
limit 100;
