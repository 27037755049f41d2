-- session_is_live(): lets a row level security policy refuse a revoked session's access token at
-- once, instead of when the token expires. docs/protocol.md has the policy to copy.

create function unified_auth.session_is_live(p_session_id uuid)
returns boolean
language sql
stable
security definer -- a policy runs as authenticated, who may not read the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s' -- while an upgrade of Supabase Auth locks auth.users, the app's queries wait no longer
as $$
  select exists (
    select 1
    from public.sessions as s
    join auth.users as u on u.id = s.user_id
    where s.id = p_session_id
      and unified_auth.session_end(s, u.banned_until, u.deleted_at, now()) is null
  );
$$;

create function public.session_is_live()
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
  -- A third party's token may say anything there.
  select case
    when auth.jwt() ->> 'session_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
      then unified_auth.session_is_live((auth.jwt() ->> 'session_id')::uuid)
    else false
  end;
$$;

comment on function public.session_is_live is
  'Whether the session of the request''s access token is live. For policies: (select public.session_is_live()).';
