/**
 * Scenarios for a session, played on purpose: sleep, a lost reply, an expired token, a thief, five
 * more devices. Only the local stack serves this, to the browser that holds the session's cookies; a
 * deployed project has nothing of the kind.
 *
 * @module
 */

import { decodeJwt } from "jose";
import type postgres from "postgres";
import { createSessionCookies } from "../../supabase/functions/_shared/http/cookies.ts";
import { ageSession } from "../testing/aging.ts";
import { backdateAccessToken } from "../testing/backdated_token.ts";

export interface ScenarioOptions {
  /** `${baseUrl}/functions/v1` */
  readonly functionsUrl: string;
  readonly sql: postgres.Sql;
  /** The environment of the functions. */
  readonly environment: Readonly<Record<string, string>>;
  readonly user: { readonly email: string; readonly password: string };
}

export interface ScenarioRoutes {
  /** Answers `/demo/scenarios/<scenario>`; null for any other path. */
  answer(request: Request): Promise<Response | null>;
  /** May change or drop a function's reply on its way to the browser. */
  deliver(request: Request, reply: Response): Response;
}

const THIEF = "Mozilla/5.0 (X11; Ubuntu) Chromium/156.0 (a thief in the same café)";
const DEVICES = ["Phone", "Tablet", "Work laptop", "Living-room TV", "Borrowed laptop"];
const cookies = createSessionCookies({ domain: null, sameSite: "lax" });

export function createScenarioRoutes(options: ScenarioOptions): ScenarioRoutes {
  const { functionsUrl, sql, environment, user } = options;
  /** The thief's refresh cookie of each session that was copied. */
  const stolen = new Map<string, string>();
  let repliesToLose = 0;

  const post = (path: string, init: RequestInit & { headers: Record<string, string> }) =>
    fetch(`${functionsUrl}/unified-auth/${path}`, { method: "POST", ...init });

  async function letTimePass(request: Request, seconds: number): Promise<Response> {
    const [token] = cookies.read(request.headers.get("cookie")).access;
    if (token === undefined) return Response.json({ done: false }, { status: 409 });
    await ageSession(sql, String(decodeJwt(token)["session_id"]), seconds);
    const backdated = await backdateAccessToken(token, { seconds, environment });
    const maxAgeSeconds = 12 * 3600;
    return Response.json({ done: true }, {
      headers: { "set-cookie": cookies.setAccess(backdated, { maxAgeSeconds }) },
    });
  }

  /** Somebody else's browser: it uses a copy of the cookie, and from then on what it got for it. */
  async function letThiefRefresh(request: Request): Promise<Response> {
    const held = cookies.read(request.headers.get("cookie"));
    const [access, refresh] = [held.access[0], held.refresh[0]];
    if (access === undefined || refresh === undefined) {
      return Response.json({ done: false }, { status: 409 });
    }
    const sessionId = String(decodeJwt(access)["session_id"]);
    const token = stolen.get(sessionId) ?? refresh;
    const reply = await post("refresh", {
      headers: { "user-agent": THIEF, cookie: `${cookies.refreshName}=${token}` },
    });
    const { code = null } = await reply.json();
    const setCookies = reply.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    const [successor] = cookies.read(setCookies).refresh;
    if (successor) stolen.set(sessionId, successor);
    return Response.json({ done: true, status: reply.status, code });
  }

  async function signInOnOtherDevices(): Promise<Response> {
    const statuses: number[] = [];
    for (const device of DEVICES) {
      const { email, password } = user;
      const reply = await post("login", {
        headers: { "content-type": "application/json", "user-agent": `${device}/1.0` },
        body: JSON.stringify({ email, password, device_name: device }),
      });
      await reply.body?.cancel();
      statuses.push(reply.status);
    }
    // Another password or a second factor of the seeded user keeps those devices out.
    const done = statuses.every((status) => status === 200);
    return Response.json({ done, statuses }, { status: done ? 200 : 409 });
  }

  const scenarios: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
    "sleep": (request) => letTimePass(request, 2 * 3600),
    "an-hour": (request) => letTimePass(request, 3600),
    "thief": letThiefRefresh,
    "devices": signInOnOtherDevices,
    "lose-reply": () => {
      repliesToLose = 1;
      return Promise.resolve(Response.json({ done: true }));
    },
  };

  return {
    async answer(request) {
      const { pathname } = new URL(request.url);
      const scenario = scenarios[pathname.replace(/^\/demo\/scenarios\//, "")];
      if (scenario === undefined) return null;
      if (request.method !== "POST" || isCrossSite(request)) {
        return Response.json({ done: false }, { status: 403 });
      }
      return await scenario(request);
    },

    deliver(request, reply) {
      const fromPage = request.headers.get("sec-fetch-site") === "same-origin";
      const rotates = /\/unified-auth\/(?:refresh|validate)$/.test(new URL(request.url).pathname);
      if (repliesToLose === 0 || !fromPage || !rotates) return reply;
      repliesToLose--;
      void reply.body?.cancel();
      // The function has done its work and committed it; what it answered never arrives.
      return new Response("<h1>504 Gateway Timeout</h1>", {
        status: 504,
        headers: { "content-type": "text/html" },
      });
    },
  };
}

function isCrossSite(request: Request): boolean {
  return !["same-origin", null].includes(request.headers.get("sec-fetch-site"));
}
