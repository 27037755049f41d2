-- Takes Unified Auth out of a project's database, as postgres: every session, the audit log, and all that
-- the migrations made. Delete the functions first, so that nothing calls what is gone.
--
-- A view of yours on the schema unified_auth goes with it. Where anything else of yours stands on what is
-- dropped, such as a policy that calls session_is_live(), the error names it and nothing has changed: drop
-- that first.

begin;

do $$
begin
  if to_regprocedure('cron.unschedule(bigint)') is not null then
    perform cron.unschedule(j.jobid) from cron.job as j where j.jobname = 'unified-auth-purge';
  end if;
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations as m where m.version in (
      '20261101000000',
      '20261101000001',
      '20261101000002',
      '20261101000003',
      '20261101000004',
      '20261101000005',
      '20261101000006',
      '20261101000007',
      '20261101000008',
      '20261101000009',
      '20261101000010',
      '20261101000011',
      '20261101000012',
      '20261101000013',
      '20261101000014',
      '20261101000015',
      '20261101000016',
      '20261101000020',
      '20261101000021',
      '20261129000000',
      '20261129000001',
      '20261129000002'
    );
  end if;
end;
$$;

drop function if exists
  public.announce_password_change,
  public.check_access_token_hook,
  public.check_login_allowed,
  public.claim_sign_in,
  public.create_session,
  public.database_is_read_only,
  public.list_user_sessions,
  public.purge_sessions,
  public.record_login_failure,
  public.release_sign_in,
  public.revoke_session,
  public.revoke_user_sessions,
  public.rotate_session,
  public.session_is_live,
  public.unified_auth_last_migration,
  public.unified_auth_recall_answer,
  public.unified_auth_remember_answer,
  public.unified_auth_validate_sessions,
  public.validate_session;

-- With the trigger on auth.users, which postgres may drop in no other way: the table is Supabase Auth's.
drop schema if exists unified_auth cascade;

drop table if exists public.session_events, public.sessions;

drop type if exists
  public.access_token_policy,
  public.listed_session,
  public.login_outcome,
  public.logout_scope,
  public.presented_proof,
  public.presented_refresh_token,
  public.proposed_successor,
  public.request_context,
  public.revocation_outcome,
  public.rotation_outcome,
  public.session_event,
  public.session_policy,
  public.session_revoked_reason,
  public.session_snapshot,
  public.token_place,
  public.unified_auth_validation,
  public.validation_outcome;

commit;
