-- Dead tokens in use: which sessions were used after they had ended, and by whom? At most one line an hour a session.
select
  e.occurred_at,
  coalesce(u.email, e.user_id::text) as "user",
  coalesce(
    e.detail ->> 'revoked_reason',
    case when e.detail ->> 'expired_at' is not null then 'expired' end
  ) as ended_by,
  date_trunc(
    'second',
    e.occurred_at - coalesce(e.detail ->> 'revoked_at', e.detail ->> 'expired_at')::timestamptz
  ) as after_end,
  e.user_agent as used_by,
  e.ip as used_from,
  s.user_agent as session_user_agent,
  e.session_id
from public.session_events as e
left join public.sessions as s on s.id = e.session_id
left join auth.users as u on u.id = e.user_id
where e.event = 'used_after_revocation'
order by e.id desc
limit 100;
