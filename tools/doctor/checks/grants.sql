-- The privileges of the API's roles on everything that the migrations made, one line a privilege, as it
-- works out: through PUBLIC and through other roles too; and those of every other role that was granted
-- something by name; what the project must have given before, without which no login is stored; and which
-- tables have lost row level security.

with
  relations as (
    select c.oid, c.relkind, c.relrowsecurity, format('%s.%s', n.nspname, c.relname) as name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'S', 'm', 'f', 'p')
      and (
        n.nspname = 'unified_auth'
        or (n.nspname = 'public'
          and c.relname in ('sessions', 'session_events', 'session_events_id_seq'))
      )
  ),
  routines as (
    select p.oid, p.oid::regprocedure::text as name
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'unified_auth'
      or (n.nspname = 'public' and p.proname = any ($1))
  ),
  lists (owner, acl) as (
    select c.relowner, c.relacl from pg_class as c join relations as r on r.oid = c.oid
    union all
    select c.relowner, a.attacl
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    join relations as r on r.oid = c.oid
    union all
    select p.proowner, p.proacl from pg_proc as p join routines as f on f.oid = p.oid
    union all
    select n.nspowner, n.nspacl from pg_namespace as n where n.nspname = 'unified_auth'
  ),
  roles (role) as (
    values ('anon'), ('authenticated'), ('service_role')
    union
    select r.rolname
    from lists as l
    cross join aclexplode(l.acl) as a
    join pg_roles as r on r.oid = a.grantee
    where a.grantee <> l.owner
  )
select format('%s may execute function %s', a.role, f.name) as line
from routines as f
cross join roles as a
where has_function_privilege(a.role, f.oid, 'execute')

union all
select format('%s may %s schema unified_auth', a.role, p.words)
from roles as a
cross join (values ('usage', 'use'), ('create', 'create in')) as p (privilege, words)
where to_regnamespace('unified_auth') is not null
  and has_schema_privilege(a.role, 'unified_auth', p.privilege)

union all
select format('%s may %s table %s', a.role, p.words, r.name)
from relations as r
cross join roles as a
cross join (
  values ('select', 'select'), ('insert', 'insert'), ('update', 'update'), ('delete', 'delete'),
    ('truncate', 'truncate'), ('references', 'reference'), ('trigger', 'add triggers to')
) as p (privilege, words)
where r.relkind <> 'S'
  and (
    has_table_privilege(a.role, r.oid, p.privilege)
    or (p.privilege in ('select', 'insert', 'update', 'references')
      and has_any_column_privilege(a.role, r.oid, p.privilege))
  )

union all
select format('%s may use sequence %s', a.role, r.name)
from relations as r
cross join roles as a
where r.relkind = 'S' and has_sequence_privilege(a.role, r.oid, 'usage, select, update')

union all
select format('postgres may %s table auth.%s', n.privilege, n.name)
from (
  values ('select', 'users'), ('update', 'users'), -- "for share"
    ('select', 'sessions'), ('select', 'mfa_factors')
) as n (privilege, name)
join pg_class as c on c.relname = n.name
join pg_namespace as s on s.oid = c.relnamespace and s.nspname = 'auth'
where has_table_privilege('postgres', c.oid, n.privilege)

union all
select format('%s may use schema %s', n.role, n.name)
from (
  values ('postgres', 'auth'), ('authenticated', 'auth'), ('authenticated', 'public'),
    ('service_role', 'public')
) as n (role, name)
where has_schema_privilege(n.role, n.name, 'usage')

union all
select format('row level security is off on %s', r.name)
from relations as r
where r.relkind = 'r' and not r.relrowsecurity

order by line;
