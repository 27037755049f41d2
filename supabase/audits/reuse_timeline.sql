-- Reuse timeline: what happened, step by step, to each session that was ended for reuse?
select
  e.session_id,
  e.occurred_at,
  date_trunc('second', e.occurred_at - d.occurred_at) as from_detection,
  e.event,
  e.detail ->> 'presented' as presented,
  e.detail ->> 'generation' as generation,
  e.detail ->> 'branch' as branch,
  e.user_agent,
  e.ip,
  e.request_id
from (
  select r.session_id, r.occurred_at, r.id
  from public.session_events as r
  where r.event = 'reuse_detected'
  order by r.id desc
  limit 20
) as d
join public.session_events as e on e.session_id = d.session_id
order by d.id desc, e.id
limit 500;
