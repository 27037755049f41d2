-- What an access token says of its user, decided in the transaction after which it is signed: the role,
-- the level, and what the project's own hook adds. create_session and rotate_session call these.

create function unified_auth.role_is_allowed(p_role text, p_allowed_roles text[])
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Never a role that stands above row level security or outside of sign-in, whatever the setting says:
  -- a user's role is a column that an application may let people change.
  return coalesce(
    p_role = any (coalesce(p_allowed_roles, array['authenticated']))
      and p_role not in ('service_role', 'anon', 'postgres', 'authenticator', 'dashboard_user')
      and p_role !~ '^(supabase|pg)_',
    false
  );
end;
$$;

comment on function unified_auth.role_is_allowed is
  'Whether a user of this role may hold an access token.';

-- Supabase Auth lowers the sessions of a factor that is deleted; nothing tells us, so it is asked.
create function unified_auth.follow_factors(p_session public.sessions)
returns public.sessions
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_session.aal <> 'aal1' and not exists (
    select 1
    from auth.mfa_factors as f
    where f.user_id = p_session.user_id and f.status = 'verified'
  ) then
    p_session.aal := 'aal1';
    p_session.amr := coalesce(
      (
        select jsonb_agg(m.entry order by m.position)
        from jsonb_array_elements(p_session.amr) with ordinality as m (entry, position)
        where coalesce(m.entry ->> 'method', m.entry #>> '{}') !~ '^(totp|mfa/.*)$'
      ),
      '[]'
    );
  end if;
  return p_session;
end;
$$;

comment on function unified_auth.follow_factors is
  'The session at the level that its user''s verified factors still allow.';

create function unified_auth.find_access_token_hook(p_hook text)
returns regproc
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select p.oid::regproc
    from pg_proc as p
    where p.oid = to_regprocedure(
        format('%I.%I(jsonb)', split_part(p_hook, '.', 1), split_part(p_hook, '.', 2)))
      and p.prorettype = 'jsonb'::regtype
      and not p.proretset
  );
end;
$$;

create function public.check_access_token_hook(p_hook text)
returns boolean
language sql
stable
security definer -- service_role need not see the hook's schema
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  select unified_auth.find_access_token_hook(p_hook) is not null;
$$;

comment on function public.check_access_token_hook is
  'Whether there is a function of this schema and name that takes and returns jsonb.';

create function unified_auth.mint(
  p_session_id uuid,
  p_user_id uuid,
  p_account unified_auth.account,
  p_aal text,
  p_amr jsonb,
  p_method text, -- null: as the level was reached, at a login
  p_issued_at timestamptz,
  p_expires_at timestamptz,
  p_policy public.access_token_policy
) returns unified_auth.minting
language plpgsql
volatile -- as the hook may be
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook regproc;
  v_claims jsonb;
  v_answer jsonb;
  v_added jsonb;
begin
  if not unified_auth.role_is_allowed(p_account.role, p_policy.allowed_roles) then
    return row('role_not_allowed', null, null)::unified_auth.minting;
  end if;
  if p_policy.hook is null then
    return row(null, null, null)::unified_auth.minting;
  end if;

  v_hook := unified_auth.find_access_token_hook(p_policy.hook);
  if v_hook is null then
    return row('hook_refused', null, 'there is no such function')::unified_auth.minting;
  end if;

  v_claims := jsonb_build_object(
    'iss', p_policy.issuer,
    'aud', 'authenticated',
    'sub', p_user_id,
    'iat', floor(extract(epoch from p_issued_at))::bigint,
    'exp', floor(extract(epoch from p_expires_at))::bigint,
    'session_id', p_session_id,
    'role', p_account.role,
    'email', coalesce(p_account.email, ''),
    'phone', coalesce(p_account.phone, ''),
    'is_anonymous', coalesce(p_account.is_anonymous, false),
    'app_metadata', coalesce(p_account.app_metadata, '{}'),
    'user_metadata', coalesce(p_account.user_metadata, '{}'),
    'aal', p_aal,
    'amr', p_amr
  );

  begin
    execute format('select %s($1)', v_hook)
    into v_answer
    using jsonb_build_object(
      'user_id', p_user_id,
      'claims', v_claims,
      'authentication_method', coalesce(
        p_method,
        (
          select m.entry ->> 'method'
          from jsonb_array_elements(p_amr) as m (entry)
          order by m.entry -> 'timestamp' desc nulls last
          limit 1
        ),
        'password'
      )
    );
  exception when others then
    -- What may pass is an outage and no refusal: connections, deadlocks, resources, locks, operators.
    if left(sqlstate, 2) in ('08', '40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    return row('hook_refused', null, format('%s: %s', sqlstate, sqlerrm))::unified_auth.minting;
  end;

  if jsonb_typeof(v_answer -> 'error') = 'object' then
    return row('hook_refused', null, coalesce(v_answer #>> '{error,message}', 'no message'))::unified_auth.minting;
  end if;
  if jsonb_typeof(v_answer -> 'claims') is distinct from 'object' then
    return row('hook_refused', null, 'it answered no claims')::unified_auth.minting;
  end if;

  -- The claims that the session stands on stay ours. One that the hook hands back as it was is not
  -- added: user_metadata, above all, has no place in a cookie.
  select coalesce(jsonb_object_agg(c.key, c.value), '{}') into v_added
  from jsonb_each(v_answer -> 'claims') as c
  where c.key not in ('iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'session_id', 'gen', 'branch')
    and c.value is distinct from v_claims -> c.key;

  if exists (
    select 1
    from jsonb_each(v_added) as c
    where v_claims ? c.key and jsonb_typeof(c.value) <> jsonb_typeof(v_claims -> c.key)
  ) then
    return row('hook_refused', null, 'it changed the type of a claim')::unified_auth.minting;
  end if;
  if octet_length(v_added::text) > 2048 then -- a browser drops a cookie of more than 4,096 bytes
    return row('hook_refused', null, 'it added more than 2,048 bytes')::unified_auth.minting;
  end if;
  if v_added ? 'role'
    and not unified_auth.role_is_allowed(v_added ->> 'role', p_policy.allowed_roles)
  then
    return row('role_not_allowed', null, null)::unified_auth.minting;
  end if;
  return row(null, v_added, null)::unified_auth.minting;
end;
$$;

comment on function unified_auth.mint is
  'Asks for the access token of a session: its user''s role, then the project''s custom access token hook, with the event of Supabase Auth.';

revoke execute on function
  unified_auth.role_is_allowed,
  unified_auth.follow_factors,
  unified_auth.find_access_token_hook,
  unified_auth.mint,
  public.check_access_token_hook
from public, anon, authenticated, service_role;
grant execute on function public.check_access_token_hook to service_role;
