/**
 * The page that every contestant is served in: its own script and nothing else, with a clock that a
 * scenario can set wrong or move on. `/other` is a page of the same origin without it.
 *
 * @module
 */

/** Runs before any other script: a page whose machine has a wrong clock knows no other. */
const CLOCK = `
  let offsetMs = Number(new URLSearchParams(location.search).get("clock") ?? 0);
  globalThis.advanceClock = (ms) => { offsetMs += ms; };
  const RealDate = Date;
  globalThis.Date = class Date extends RealDate {
    constructor(...given) {
      super(...(given.length === 0 ? [RealDate.now() + offsetMs] : given));
    }
    static now() { return RealDate.now() + offsetMs; }
  };`;

const APP = `<!DOCTYPE html><title>Contestant</title><link rel="icon" href="data:,">
<script>${CLOCK}</script><script type="module" src="/app.js"></script>`;

const OTHER_PAGE = `<!DOCTYPE html><title>Other</title><link rel="icon" href="data:,">`;

export function servePage(request: Request, script: Uint8Array<ArrayBuffer>): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/app.js") {
    return new Response(script, { headers: { "content-type": "text/javascript" } });
  }
  return new Response(pathname === "/other" ? OTHER_PAGE : APP, {
    // Pages that are kept for going back would not be loaded again.
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
  });
}
