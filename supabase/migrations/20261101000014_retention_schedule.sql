-- Retention by pg_cron, where the project already has it. Nothing is installed here: enabling an
-- extension is the project's decision. A project without it runs `deno task purge`, or calls
-- purge_sessions with its secret key; one that enables it later runs this block again.

do $$
begin
  if to_regprocedure('cron.schedule(text, text, text)') is not null then
    -- By name: running it again changes the job instead of adding another. A batch of 20,000 every
    -- minute is 28 million rows of each kind a day: the events of some three million daily users
    -- (docs/scaling.md). No batch is ever in a rotation's way, and an idle one takes 25 ms.
    perform cron.schedule(
      'unified-auth-purge', '* * * * *', 'select public.purge_sessions(p_batch_size => 20000)');
  end if;
end;
$$;
