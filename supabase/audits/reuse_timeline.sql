-- Reuse timeline: what happened, step by step, to each session that was ended for reuse?
with detections as materialized (
  select r.session_id, r.occurred_at, r.id
  from public.session_events as r
  where r.event = 'reuse_detected'
  order by r.id desc
  limit 20
),
-- Of each from its end: a session that was refreshed for months has hundreds of events before it.
steps as (
  select
    e.*,
    d.id as detection_id,
    d.occurred_at as detected_at,
    row_number() over (partition by d.id order by e.id desc) as from_end
  from detections as d
  join public.session_events as e
    on e.session_id = d.session_id and e.occurred_at > d.occurred_at - interval '7 days'
  where e.occurred_at > (select min(m.occurred_at) - interval '7 days' from detections as m)
)
select
  s.session_id,
  s.occurred_at,
  date_trunc('second', s.occurred_at - s.detected_at) as from_detection,
  s.event,
  s.detail ->> 'presented' as presented,
  s.detail ->> 'generation' as generation,
  s.detail ->> 'branch' as branch,
  s.user_agent,
  s.ip,
  s.request_id
from steps as s
where s.from_end <= 25
order by s.detection_id desc, s.id;
