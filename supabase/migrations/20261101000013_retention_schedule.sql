-- Retention by pg_cron, where the project already has it. Nothing is installed here: enabling an
-- extension is the project's decision. A project without it runs `deno task purge`, or calls
-- purge_sessions with its secret key; one that enables it later runs this block again.

do $$
begin
  if to_regprocedure('cron.schedule(text, text, text)') is not null then
    -- By name: running it again changes the job instead of adding another. One batch every ten
    -- minutes is 720,000 rows of each kind a day, and no batch is ever in a rotation's way.
    perform cron.schedule(
      'unified-auth-purge', '*/10 * * * *', 'select public.purge_sessions()');
  end if;
end;
$$;
