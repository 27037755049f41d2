/**
 * The settings that a project's PostgreSQL runs with, for whatever depends on them.
 *
 * @module
 */

/**
 * A project of the compute size Large (2 cores, 8 GB): memory and checkpoints as Supabase sets them by
 * compute size (published by one of its engineers, gist.github.com/egor-romanov/323e2847851bbd758081511785573c08),
 * `wal_level` as in github.com/supabase/postgres, `ansible/files/postgresql_config/postgresql.conf.j2`.
 * That file leaves everything of autovacuum, `checkpoint_timeout` and `wal_compression` at PostgreSQL's
 * own defaults, and so does this. Nothing that makes a crash survivable is switched off.
 */
export const PROJECT_SETTINGS = {
  fsync: "on",
  full_page_writes: "on",
  wal_level: "logical",
  shared_buffers: "2GB",
  effective_cache_size: "6GB",
  maintenance_work_mem: "512MB",
  max_wal_size: "4GB",
  min_wal_size: "1GB",
  wal_buffers: "16MB",
  checkpoint_completion_target: "0.9",
  random_page_cost: "1.1",
  effective_io_concurrency: "200",
  max_connections: "160",
} as const;

/**
 * While a population is loaded, and at no other time: nothing of it has to survive a crash, as it would
 * be loaded anew, and nobody follows its WAL. No figure is taken under these.
 */
export const LOADING_SETTINGS = {
  ...PROJECT_SETTINGS,
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  wal_compression: "off",
  wal_init_zero: "off",
  max_wal_size: "16GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
} as const;
