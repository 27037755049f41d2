-- The rotation rule: the outcome of presenting a refresh token, as one table of 19 rows.
--
-- judge_rotation decides and changes nothing; rotate_session locks the row, calls it, and carries the
-- outcome out. Its domain is finite, so tests list all of it and search every state of a session.

create type public.rotation_outcome as enum (
  'unchanged', 'rotated', 'replayed', 'reissued', 'throttled', 'successor_wanted',
  'proof_required', 'proof_key_unknown', 'reused', 'unknown_generation',
  'key_compromise_suspected', 'revoked', 'evicted', 'expired', 'not_found', 'banned',
  'role_not_allowed', 'hook_refused'
);

create type unified_auth.token_class as enum ('same', 'stranger', 'rebound', 'unbound');

comment on type unified_auth.token_class is
  'Who presents a refresh token, told by keys alone: see the function of the same name.';

create type unified_auth.presented_position as enum (
  'current', 'predecessor', 'superseded', 'lost', 'older', 'ahead', 'hash_mismatch'
);

comment on type unified_auth.presented_position is
  'Which token of its session a genuine refresh token is. lost: of a branch that did not continue.';

create type unified_auth.proof_state as enum ('none', 'outdated', 'fresh');

comment on type unified_auth.proof_state is
  'Whether a proof came, and over a challenge of the row''s place or of the last moments.';

create type unified_auth.row_key as enum ('none', 'proven', 'other');

comment on type unified_auth.row_key is
  'Whether the session has a key, and whether it is the one that was proven.';

create type unified_auth.rotation_judgment as (
  rule smallint,
  outcome public.rotation_outcome
);

comment on type unified_auth.rotation_judgment is
  'A row of the table in docs/protocol.md, and the outcome that it names.';

create function unified_auth.token_class(
  p_token_key bytea, -- that the presented token was issued to, null: none
  p_proven_key bytea, -- whose valid proof came with it, null: none
  p_row_key bytea -- of the session's current token, null: none
) returns unified_auth.token_class
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_proven_key = p_row_key then 'same'
    when p_token_key is distinct from p_proven_key and p_token_key is not null then 'stranger'
    when p_token_key is not null and p_row_key is not null then 'rebound'
    else 'unbound'
  end::unified_auth.token_class;
end;
$$;

comment on function unified_auth.token_class is
  'same: the session''s key, whatever the token. stranger: a copied token, or a lost key. rebound: the token''s own key, after the session went on under another. unbound: no key speaks.';

create function unified_auth.presented_position(
  p_session public.sessions,
  p_generation integer,
  p_branch smallint,
  p_hash bytea,
  p_lineage bytea
) returns unified_auth.presented_position
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_generation = p_session.generation and p_branch = p_session.branch then
    return case when p_hash = p_session.refresh_token_hash then 'current' else 'hash_mismatch' end;
  end if;
  return case
    when p_generation > p_session.generation then 'ahead'
    when p_generation = p_session.generation and p_branch > p_session.branch then 'ahead'
    when p_generation = p_session.generation and p_branch = p_session.branch - 1
      and p_session.superseded_refresh_token_hash is not null then
      case when p_hash = p_session.superseded_refresh_token_hash
        then 'superseded' else 'hash_mismatch' end
    when p_generation = p_session.generation - 1 and p_branch = p_session.previous_branch then
      case when p_hash = p_session.previous_refresh_token_hash
        then 'predecessor' else 'hash_mismatch' end
    -- No hash is kept of the rest, and the tag proves no more than SESSION_SECRET, which may have
    -- leaked. The lineage is known only to those who held a token of this session.
    when p_lineage is distinct from p_session.lineage then 'hash_mismatch'
    when p_generation >= p_session.generation - 1 then 'lost'
    else 'older'
  end::unified_auth.presented_position;
end;
$$;

comment on function unified_auth.presented_position is
  'Which token of a session a genuine refresh token is; whole hashes are compared wherever one is kept.';

create function unified_auth.judge_rotation(
  p_class unified_auth.token_class,
  p_position unified_auth.presented_position,
  p_proof unified_auth.proof_state,
  p_recent boolean, -- no more than the reuse interval since the row's token was issued
  p_confirmed boolean,
  p_salt_kept boolean,
  p_row_key unified_auth.row_key,
  p_first_generation boolean, -- of the row
  p_branch smallint, -- of the row
  p_quiet boolean -- nothing was issued for so long that another key may take over
) returns unified_auth.rotation_judgment
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_open constant boolean := not p_confirmed;
begin
  -- The table of docs/protocol.md, row by row: of each class the first that matches decides. As steps
  -- and not as one expression, of which every transaction would prepare each operator anew.
  if p_position = 'ahead' then
    return row(0, 'unknown_generation')::unified_auth.rotation_judgment;
  elsif p_position = 'hash_mismatch' then
    return row(1, 'key_compromise_suspected')::unified_auth.rotation_judgment;
  elsif p_class = 'stranger' and p_proof = 'none' then
    return row(2, 'proof_required')::unified_auth.rotation_judgment;
  elsif p_proof = 'outdated' then
    return row(3, 'proof_required')::unified_auth.rotation_judgment;

  elsif p_class = 'stranger' then
    if p_position = 'current' and p_quiet then
      return row(4, 'rotated')::unified_auth.rotation_judgment;
    else
      return row(5, 'proof_key_unknown')::unified_auth.rotation_judgment;
    end if;

  elsif p_class = 'rebound' then
    return row(6, 'reused')::unified_auth.rotation_judgment;

  elsif p_class = 'same' then
    if p_position = 'current' and p_recent then
      return row(7, 'unchanged')::unified_auth.rotation_judgment;
    elsif p_position = 'current' then
      return row(8, 'rotated')::unified_auth.rotation_judgment;
    elsif p_position = 'predecessor' and p_salt_kept then
      return row(9, 'replayed')::unified_auth.rotation_judgment;
    else
      return row(10, 'reissued')::unified_auth.rotation_judgment;
    end if;

  elsif p_position = 'current' then
    if p_recent and (p_proof = 'none' or not p_first_generation) then
      return row(11, 'unchanged')::unified_auth.rotation_judgment;
    else
      return row(12, 'rotated')::unified_auth.rotation_judgment;
    end if;

  elsif p_position = 'predecessor' then
    if v_open and p_recent and p_row_key in ('none', 'proven') and p_salt_kept and p_branch <= 3 then
      return row(13, 'replayed')::unified_auth.rotation_judgment;
    elsif v_open and p_recent and p_row_key = 'other' and p_proof = 'none' and p_branch <= 3 then
      return row(14, 'proof_required')::unified_auth.rotation_judgment;
    elsif v_open and p_branch < 255 then
      return row(15, 'reissued')::unified_auth.rotation_judgment;
    else
      return row(16, 'reused')::unified_auth.rotation_judgment;
    end if;

  elsif p_position = 'superseded' and v_open then
    return row(17, 'rotated')::unified_auth.rotation_judgment;
  else
    return row(18, 'reused')::unified_auth.rotation_judgment;
  end if;
end;
$$;

comment on function unified_auth.judge_rotation is
  'Decides the outcome of presenting a refresh token; changes nothing and reads only its arguments.';

create type unified_auth.judged_token as (
  class unified_auth.token_class,
  "position" unified_auth.presented_position,
  rule smallint,
  outcome public.rotation_outcome
);

comment on type unified_auth.judged_token is
  'A presented refresh token with what the rule decides about it.';

create function unified_auth.proof_state(
  p_session public.sessions,
  p_proof public.presented_proof,
  p_policy public.session_policy,
  p_now timestamptz
) returns unified_auth.proof_state
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The session's own place, not that of the presented token: a recorded request would otherwise be
  -- good forever. The reuse interval, because somebody who moves the place again and again would
  -- otherwise keep every challenge outdated. A challenge holds whole seconds, and is rounded down.
  return case
    when p_proof.thumbprint is null then 'none'
    when p_proof.session_id = p_session.id and (
      (p_proof.generation = p_session.generation and p_proof.branch = p_session.branch)
      or p_now - p_proof.challenged_at between interval '0'
        and make_interval(secs => p_policy.reuse_interval_seconds + 1)
    ) then 'fresh'
    else 'outdated'
  end::unified_auth.proof_state;
end;
$$;

comment on function unified_auth.proof_state is
  'Whether a key has signed, and a challenge of the session''s place or of the last moments.';

create function unified_auth.judge_token(
  p_session public.sessions, -- locked, and live
  p_presented public.presented_refresh_token,
  p_proven_key bytea,
  p_proof unified_auth.proof_state,
  p_policy public.session_policy,
  p_now timestamptz
) returns unified_auth.judged_token
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_class unified_auth.token_class := unified_auth.token_class(
    p_presented.key, p_proven_key, p_session.key_thumbprint);
  v_position unified_auth.presented_position := unified_auth.presented_position(
    p_session, p_presented.generation, p_presented.branch, p_presented.hash, p_presented.lineage);
  v_judgment unified_auth.rotation_judgment;
begin
  v_judgment := unified_auth.judge_rotation(
    v_class,
    v_position,
    p_proof,
    -- Further ahead than that it is of a clock that was set back since. Two tabs may have crossed just
    -- then, so the predecessor is still answered the same token; the current one is rotated, which
    -- writes the time anew.
    p_now <= p_session.issued_at + make_interval(secs => p_policy.reuse_interval_seconds)
      and (v_position = 'predecessor' or p_session.issued_at
        <= p_now + make_interval(secs => p_policy.reuse_interval_seconds)),
    p_session.confirmed_at is not null,
    p_session.successor_salt is not null,
    case
      when p_session.key_thumbprint is null then 'none'
      when p_session.key_thumbprint = p_proven_key then 'proven'
      else 'other'
    end::unified_auth.row_key,
    p_session.generation = 1,
    p_session.branch,
    coalesce(
      p_now > p_session.issued_at + make_interval(secs => p_policy.rebind_after_seconds), false)
  );
  return row(v_class, v_position, v_judgment.rule, v_judgment.outcome)::unified_auth.judged_token;
end;
$$;

comment on function unified_auth.judge_token is
  'Applies judge_rotation to a presented token and the row of its session.';

-- What a refused token leaves behind. One that proves theft ends its own session; one that only a
-- leaked secret, or a key that is not the session's, can have brought is recorded and ends nothing.
create function unified_auth.record_refusal(
  p_session public.sessions,
  p_presented public.presented_refresh_token,
  p_proof public.presented_proof,
  p_judged unified_auth.judged_token,
  p_context public.request_context,
  p_now timestamptz
) returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_detail jsonb;
begin
  if p_judged.outcome not in ('reused', 'key_compromise_suspected', 'proof_key_unknown') then
    return;
  end if;
  v_detail := jsonb_strip_nulls(jsonb_build_object(
    'presented', p_judged.position, 'class', p_judged.class, 'rule', p_judged.rule,
    'presented_generation', p_presented.generation, 'presented_branch', p_presented.branch,
    'generation', p_session.generation, 'branch', p_session.branch,
    'issued_at', p_session.issued_at,
    'key_thumbprint', encode(p_session.key_thumbprint, 'hex'),
    'proven_thumbprint', encode(p_proof.thumbprint, 'hex')
  ));
  if p_judged.outcome = 'reused' then
    perform unified_auth.end_sessions(
      array[p_session.id], 'reused', 'reuse_detected', p_context, v_detail);
  else
    perform unified_auth.record_hourly(
      case p_judged.outcome
        when 'proof_key_unknown' then 'proof_refused'
        else 'key_compromise_suspected'
      end::public.session_event,
      p_session, p_context, v_detail, p_now
    );
  end if;
end;
$$;

create function unified_auth.access_token_position(
  p_session public.sessions,
  p_generation integer,
  p_branch smallint
) returns unified_auth.presented_position
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_generation > p_session.generation then 'ahead'
    when p_generation = p_session.generation then case
      when p_branch > p_session.branch then 'ahead'
      when p_branch = p_session.branch then 'current'
      when p_branch = p_session.branch - 1
        and p_session.superseded_refresh_token_hash is not null then 'superseded'
      else 'lost'
    end
    when p_generation = p_session.generation - 1 then
      case when p_branch = p_session.previous_branch then 'predecessor' else 'lost' end
    else 'older'
  end::unified_auth.presented_position;
end;
$$;

comment on function unified_auth.access_token_position is
  'As presented_position, of an access token: its signature stands for the hash.';

create function unified_auth.access_token_lives(
  p_session public.sessions,
  p_generation integer,
  p_branch smallint
) returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_position unified_auth.presented_position :=
    unified_auth.access_token_position(p_session, p_generation, p_branch);
begin
  return v_position in ('current', 'predecessor')
    or (v_position = 'superseded' and p_session.confirmed_at is null);
end;
$$;

comment on function unified_auth.access_token_lives is
  'Whether an access token may act for its session on others: it is of a place that the session still has.';
