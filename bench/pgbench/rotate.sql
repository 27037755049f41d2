-- The row is read by the same statement: a client that holds no token knows no other way to its hash.
\set n random(1, 1000)
select answer.*
from public.sessions as s,
  lateral public.rotate_session(
    p_presented => row(
      s.id, s.generation, s.branch, s.refresh_token_hash, s.key_thumbprint, s.lineage
    ),
    p_proof => null,
    p_successor => row(
      s.generation + 1, 0::smallint, sha256(s.refresh_token_hash), s.lineage,
      substr(s.refresh_token_hash, 1, 16), 'bench'
    ),
    p_policy => jsonb_populate_record(null::public.session_policy, :policy),
    p_event => 'refresh',
    p_context => row(null, 'bench', 'bench')
  ) as answer
where s.id = md5('pgbench ' || :n)::uuid;
