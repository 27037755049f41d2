-- Reuse detections: which sessions were ended because their token was copied, and who held each copy?
select
  e.occurred_at,
  coalesce(u.email, e.user_id::text) as "user",
  e.detail ->> 'presented' as presented,
  e.user_agent as presented_by,
  e.ip as presented_from,
  e.detail ->> 'session_user_agent' as session_user_agent,
  e.detail ->> 'session_ip' as session_ip,
  concat(e.detail ->> 'presented_generation', '.', e.detail ->> 'presented_branch')
    as presented_token,
  concat(e.detail ->> 'generation', '.', e.detail ->> 'branch') as current_token,
  date_trunc('second', e.occurred_at - (e.detail ->> 'issued_at')::timestamptz)
    as after_last_refresh,
  e.session_id
from public.session_events as e
left join auth.users as u on u.id = e.user_id
where e.event = 'reuse_detected'
order by e.id desc
limit 100;
