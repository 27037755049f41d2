/**
 * `deno task reset`: throws the local project's database and secrets away. The next start begins anew.
 *
 * @module
 */
import { print, runCommand } from "./command.ts";
import { filesOf, holdDataDirectory } from "./platform/data_directory.ts";
import { placeWithinReach } from "./platform/postgres/data_directory.ts";
import { SHARED_PLACE } from "./platform/postgres/shared_place.ts";
import { findPostgresUser } from "./platform/postgres/system_user.ts";
import { readStartSettings } from "./start_settings.ts";

await runCommand(async () => {
  const settings = readStartSettings(Deno.env.toObject());
  using directory = await holdDataDirectory(settings.dataDirectory);
  const { cluster, ...files } = filesOf(directory.path);
  const reach = { user: await findPostgresUser(), sharedPlace: SHARED_PLACE };
  const place = await placeWithinReach(cluster, reach);
  for (const path of [place, `${place}.new`, `${place}.new.password`, ...Object.values(files)]) {
    await Deno.remove(path, { recursive: true }).catch((thrown: unknown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }
  print(`${directory.path} is empty: "deno task start" begins anew`);
});
