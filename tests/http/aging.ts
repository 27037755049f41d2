/**
 * Time for tests, from the one place that knows how a session ages.
 *
 * @module
 */

export { ageSession } from "../../local/aging.ts";
