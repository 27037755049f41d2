-- validate_session: is the session of a genuine access token live, and which user's is it?
--
-- Every request runs it. An expression is prepared anew in each transaction, each function and
-- operator in it, whether it is reached or not: so rules that are seldom needed stand inside an `if`.
-- docs/performance.md has the figures.
--
-- It ends nothing. An access token of a branch that was replaced, or lost, looks like two branches in
-- use; the refresh token that was issued with it decides, in rotate_session.

create type public.validation_outcome as enum (
  'active', 'stale', 'reused', 'revoked', 'evicted', 'expired', 'not_found', 'banned'
);

create function public.validate_session(
  p_session_id uuid,
  p_generation integer, -- of the access token
  p_branch smallint,
  p_may_confirm boolean, -- false: the request also shows that the refresh token never arrived
  p_policy public.session_policy,
  p_context public.request_context,
  out outcome public.validation_outcome,
  out session public.session_snapshot,
  out server_time timestamptz
)
language plpgsql
volatile -- it writes: activity now and then, and one confirmation
security definer -- service_role holds no privilege on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_session public.sessions;
  v_account unified_auth.account;
  v_end unified_auth.session_end;
  v_position unified_auth.presented_position;
  v_confirms boolean := false;
begin
  select * into v_session from public.sessions as s where s.id = p_session_id;
  server_time := clock_timestamp();

  if not found then
    outcome := 'not_found';
    return;
  end if;

  select
    u.email, u.phone, u.role, u.is_anonymous, u.raw_app_meta_data,
    unified_auth.user_metadata(u.raw_user_meta_data), u.banned_until, u.deleted_at
  into v_account
  from auth.users as u
  where u.id = v_session.user_id;

  -- No session ends without one of these. Whether it has is for session_end to say, as everywhere:
  -- tests/behaviour/sql/session_end_test.ts holds the two together.
  if not v_session.is_valid
    or v_session.refresh_token_expires_at <= server_time
    or v_account.banned_until is not null
    or v_account.deleted_at is not null
  then
    v_end := unified_auth.session_end(
      v_session, v_account.banned_until, v_account.deleted_at, server_time);
    if v_end is not null then
      perform unified_auth.record_use_after_end(v_session, p_context, server_time);
      outcome := v_end::text::public.validation_outcome;
      return;
    end if;
  end if;

  if p_generation = v_session.generation and p_branch = v_session.branch then
    if p_may_confirm
      and v_session.confirmed_at is null
      and v_session.generation > 1 -- the first generation has no predecessor to shut out
      and v_session.key_thumbprint is null -- a key says more than a confirmation
    then
      -- From when it was last handed out, and a replay hands it out too: a double of that request may
      -- be on its way as long as one of the first.
      v_confirms := server_time > greatest(v_session.issued_at, v_session.last_active_at)
        + make_interval(secs => p_policy.reuse_interval_seconds);
    end if;
  else
    v_position := unified_auth.access_token_position(v_session, p_generation, p_branch);
    if v_position = 'lost'
      or (v_position = 'superseded' and v_session.confirmed_at is not null)
    then
      outcome := 'stale';
      return;
    end if;
  end if;

  if (v_confirms or v_session.last_active_at
      < server_time - make_interval(secs => p_policy.activity_interval_seconds))
    and unified_auth.may_write() -- neither is worth an outage
  then
    begin
      -- Never wait for it: a rotation that holds the row makes this write pointless anyway, and an index
      -- that somebody makes holds the table for minutes.
      lock table public.sessions in row exclusive mode nowait;

      perform 1
      from public.sessions as s
      where s.id = p_session_id
        and s.is_valid
        and s.generation = v_session.generation
        and s.branch = v_session.branch
        and s.last_active_at = v_session.last_active_at -- or it was handed out again since
      for update skip locked;

      if found then
        update public.sessions as s
        set
          last_active_at = greatest(s.last_active_at, server_time),
          confirmed_at = case when v_confirms then server_time else s.confirmed_at end,
          successor_salt = case when v_confirms then null else s.successor_salt end,
          successor_key_id = case when v_confirms then null else s.successor_key_id end
        where s.id = p_session_id
        returning s.* into v_session;
      end if;
    exception
      when lock_not_available then null;
    end;
  end if;

  outcome := 'active';
  session := unified_auth.session_snapshot(v_session, v_account);
end;
$$;

comment on function public.validate_session is
  'Answers whether the session of a genuine access token is live, or the token stale; confirms the refresh token of a session without a key.';
