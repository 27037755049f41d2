\set n random(1, 1000)
select answer.*
from public.validate_session(
  p_session_id => md5('pgbench ' || :n)::uuid,
  p_generation => 1,
  p_branch => 0::smallint,
  p_may_confirm => true,
  p_policy => jsonb_populate_record(null::public.session_policy, :policy),
  p_context => row(null, 'bench', 'bench')
) as answer;
