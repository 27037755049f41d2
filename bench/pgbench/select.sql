-- The floor of every session check: a row by its primary key.
\set n random(1, 1000)
select s.id, s.user_id, s.is_valid, s.generation, s.branch, s.refresh_token_expires_at
from public.sessions as s
where s.id = md5('pgbench ' || :n)::uuid;
