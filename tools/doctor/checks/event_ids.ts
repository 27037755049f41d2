/**
 * Whether the next event gets an id that no event has. A copy of the rows does not always bring the
 * position of their sequence along, and logical replication never does: then every login and refresh is
 * refused as a whole.
 *
 * @module
 */

import { failed, notChecked, ok, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";

export async function eventIds({ database }: Subject): Promise<Result> {
  if (database === null) {
    return notChecked("No database was named.", "Say --remote=postgresql://…");
  }
  const [table] = await database<{ sequence: string | null }[]>`
    select case when to_regclass('public.session_events') is not null
      then pg_get_serial_sequence('public.session_events', 'id')
    end as sequence`;
  const sequence = table?.sequence ?? null;
  if (sequence === null) {
    return notChecked("There are no events, or their ids have no sequence.", "See schema.");
  }
  const [ids] = await database<{ taken: boolean }[]>`
    select coalesce(max(e.id) >= (
      select s.last_value + case when s.is_called then 1 else 0 end
      from ${database.unsafe(sequence)} as s
    ), false) as taken
    from public.session_events as e`;
  return ids?.taken
    ? failed(
      "The next event would get the id of one that is there: every login and refresh answers 503.",
      'Set the sequence: docs/operations.md, "Restored from a backup".',
    )
    : ok("The next event gets an unused id.");
}
