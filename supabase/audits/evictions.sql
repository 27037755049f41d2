-- Evictions: which sessions made room for a newer one because their user had too many?
select
  e.occurred_at,
  coalesce(u.email, e.user_id::text) as "user",
  e.detail ->> 'session_user_agent' as evicted_user_agent,
  e.detail ->> 'session_ip' as evicted_ip,
  e.user_agent as signed_in_on,
  e.ip as signed_in_from,
  date_trunc('second', e.occurred_at - s.last_active_at) as idle_for,
  e.session_id
from public.session_events as e
left join public.sessions as s on s.id = e.session_id
left join auth.users as u on u.id = e.user_id
where e.event = 'evicted'
order by e.id desc
limit 100;
