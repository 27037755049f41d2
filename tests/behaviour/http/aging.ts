/**
 * Time for tests, from the one place that knows how a session and the throttle age.
 *
 * @module
 */

export { ageLoginThrottle, ageSession } from "../../../local/testing/aging.ts";
