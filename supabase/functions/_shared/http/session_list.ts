/**
 * Renders the list of a user's sessions. A device is described in words by which people know their own
 * devices; the user agent itself goes to the audit log alone, since it would show the holder of a copied
 * token whom to imitate.
 *
 * @module
 */

import Bowser from "bowser";
import type { ListResult } from "../sessions/own_sessions.ts";
import type { SessionListView } from "./schemas.ts";

export function renderSessionList(
  result: Extract<ListResult, { kind: "listed" }>,
): SessionListView {
  return {
    sessions: result.sessions.map((session) => ({
      id: session.sessionId,
      current: session.current,
      created_at: session.createdAt.toISOString(),
      last_active_at: session.lastActiveAt.toISOString(),
      device_name: session.deviceName,
      device: describeDevice(session.userAgent),
      ip: session.ip,
      aal: session.aal,
    })),
    server_time: result.serverTime.toISOString(),
  };
}

/** "Firefox on Linux", as much of it as is known. Null: nothing is. */
export function describeDevice(userAgent: string | null): string | null {
  if (userAgent === null || userAgent === "") return null; // the parser throws for the empty string
  const { browser, os } = Bowser.parse(userAgent);
  return [browser.name, os.name].filter((name) => name !== undefined && name !== "").join(" on ") ||
    null;
}
