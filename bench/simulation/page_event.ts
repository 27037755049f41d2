/**
 * What happens to a browser's pages, as far as a session notices: the script of a simulated day.
 *
 * @module
 */

export type PageEvent =
  | {
    /** `open` again loads the page anew. */
    readonly type: "open" | "close" | "show" | "hide";
    readonly atMs: number;
    readonly tab: number;
  }
  | {
    /** The device stands still: no timer fires until it wakes. */
    readonly type: "sleep";
    readonly atMs: number;
    readonly untilMs: number;
  };
