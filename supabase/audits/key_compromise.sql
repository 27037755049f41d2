-- Key compromise: was a token seen that only a holder of SESSION_SECRET could have made? Any line is an incident.
select
  e.occurred_at,
  coalesce(u.email, e.user_id::text) as "user",
  concat(e.detail ->> 'presented_generation', '.', e.detail ->> 'presented_branch')
    as presented_token,
  e.user_agent,
  e.ip,
  e.request_id,
  e.session_id
from public.session_events as e
left join auth.users as u on u.id = e.user_id
where e.event = 'key_compromise_suspected'
order by e.id desc
limit 100;
