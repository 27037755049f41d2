/**
 * Where things go that the system user must reach when the checkout or the data directory is out of
 * its reach (a clone in root's home, a data directory of mode 0700).
 *
 * @module
 */

/** Root's, and readable by every user. */
export const SHARED_PLACE = "/var/lib/unified-auth-local";

/** Makes the directory `place` if there is none, and lets every user enter it. */
export async function openSharedPlace(place: string): Promise<string> {
  await Deno.mkdir(place, { recursive: true });
  // The mode of a mkdir is cut by the umask, and an older version made this directory for root alone.
  await Deno.chmod(place, 0o755);
  return place;
}
