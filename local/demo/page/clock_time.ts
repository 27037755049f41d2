/**
 * Moments and durations as the page shows them: the same digits for everybody, whatever their locale.
 *
 * @module
 */

/** The time of day here, such as `17:04:09`; with the date before it when that was another day. */
export function clockTime(moment: Date, now = new Date()): string {
  const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(twoDigits).join(
    ":",
  );
  const day = (of: Date): string =>
    [of.getFullYear(), twoDigits(of.getMonth() + 1), twoDigits(of.getDate())].join("-");
  return day(moment) === day(now) ? time : `${day(moment)} ${time}`;
}

/** The two largest units that matter, such as `59 min 08 s`, `2 h 05 min` or `29 days`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${twoDigits(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${twoDigits(seconds % 60)} s` : `${seconds} s`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
