-- Codes, links and flows that were taken. Supabase Auth takes one code, link or TOTP several times when it
-- comes several times at once. So each is claimed here before it is asked: the first claim wins. Keyed hashes only, and unlogged: after a
-- crash of the server Supabase Auth's own check is what is left.
create unlogged table unified_auth.sign_in_claims (
  claim bytea primary key,
  forgotten_at timestamptz not null,

  constraint sign_in_claims_are_keyed_hashes check (octet_length(claim) = 32)
);

create index sign_in_claims_forgotten_at_idx on unified_auth.sign_in_claims (forgotten_at);

alter table unified_auth.sign_in_claims enable row level security;
create policy sign_in_claims_only_through_functions on unified_auth.sign_in_claims
  for all to public using (false) with check (false);

create function public.claim_sign_in(p_claim bytea, p_keep_seconds integer)
returns boolean
language plpgsql
volatile
security definer -- service_role holds no privilege on the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  -- Each claim forgets more than it adds, so that the table needs no job. Not its own: that is judged
  -- below, under its lock.
  delete from unified_auth.sign_in_claims as c
  where c.claim in (
    select o.claim
    from unified_auth.sign_in_claims as o
    where o.forgotten_at < v_now and o.claim <> p_claim
    order by o.forgotten_at
    limit 10
    for update skip locked
  );

  insert into unified_auth.sign_in_claims as c (claim, forgotten_at)
  values (p_claim, v_now + make_interval(secs => p_keep_seconds))
  on conflict (claim) do update
    set forgotten_at = excluded.forgotten_at
    where c.forgotten_at < clock_timestamp();
  return found;
end;
$$;

comment on function public.claim_sign_in is
  'Whether a code, a link or a flow is claimed for the first time within the seconds that a claim is kept.';

create function public.release_sign_in(p_claim bytea)
returns void
language sql
volatile
security definer -- service_role holds no privilege on the table
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
  delete from unified_auth.sign_in_claims as c where c.claim = p_claim;
$$;

comment on function public.release_sign_in is
  'Gives a claim back, after an outage that left the code unused.';

revoke all on table unified_auth.sign_in_claims from public, anon, authenticated, service_role;
revoke execute on function public.claim_sign_in, public.release_sign_in
  from public, anon, authenticated, service_role;
grant execute on function public.claim_sign_in, public.release_sign_in to service_role;
