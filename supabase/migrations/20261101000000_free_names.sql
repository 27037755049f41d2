-- Stops before anything is made where the project has something of its own by a name that the later
-- migrations need. Apps of Laravel, Rails and others keep a table called sessions.

do $$
declare
  v_names constant text[] := array[
    'sessions', 'sessions_pkey', 'sessions_user_id_idx',
    'sessions_one_exchange_an_identity_session', 'session_events', 'session_events_pkey', 'session_events_hourly_idx',
    'session_events_occurred_at_idx', 'session_events_seldom_idx',

    'access_token_policy', 'listed_session', 'login_outcome', 'logout_scope', 'presented_proof',
    'presented_refresh_token', 'proposed_successor', 'request_context', 'revocation_outcome',
    'rotation_outcome', 'session_event', 'session_policy', 'session_revoked_reason',
    'session_snapshot', 'token_place', 'validation_outcome',

    'announce_password_change', 'check_access_token_hook', 'check_login_allowed',
    'claim_sign_in', 'create_session', 'database_is_read_only', 'list_user_sessions',
    'purge_sessions', 'record_login_failure', 'release_sign_in', 'revoke_session',
    'revoke_user_sessions', 'rotate_session', 'session_is_live', 'validate_session'
  ];
  v_taken text;
begin
  select string_agg(t.name, ', ' order by t.name)
  into v_taken
  from (
    select format('%s public.%s', case c.relkind when 'i' then 'index' else 'table' end, c.relname)
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relname = any (v_names)
      and c.relkind <> 'c' -- a composite type is one of the next
    union
    select format('type public.%s', y.typname)
    from pg_type as y
    left join pg_class as c on c.oid = y.typrelid
    where y.typnamespace = 'public'::regnamespace and y.typname = any (v_names)
      and (y.typrelid = 0 or c.relkind = 'c') -- a table has a type of its own name
    union
    select format('function public.%s', p.proname)
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.proname = any (v_names)
    union
    select 'schema unified_auth' where to_regnamespace('unified_auth') is not null
  ) as t (name);

  if v_taken is not null then
    raise exception using
      errcode = 'duplicate_object',
      message = format(
        'Unified Auth needs names that are taken: move %s to another schema first, as docs/operations.md says under "A table of yours is called sessions"',
        v_taken);
  end if;
end;
$$;
