-- Signed in: who is signed in now, on what, and since when?
select
  coalesce(s.email, s.user_id::text) as "user",
  s.device_name,
  s.user_agent,
  s.ip,
  s.aal,
  s.created_at as signed_in_at,
  s.last_active_at,
  s.refresh_token_expires_at as signed_in_until,
  s.id as session_id
from unified_auth.live_sessions as s
order by s.last_active_at desc, s.id
limit 200;
