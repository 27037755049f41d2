/**
 * The demo that `deno task start` serves on the project's own origin: its page, its script, the logbook
 * behind it, the inbox, the authenticator app and the routes of the scenarios.
 *
 * @module
 */

import type { Mailbox } from "../platform/auth/mailbox.ts";
import type { Answering } from "../platform/gateway.ts";
import { bundlePage } from "./bundle.ts";
import { answerAuthenticator } from "./authenticator.ts";
import { answerInbox } from "./inbox.ts";
import { createScenarioRoutes, type ScenarioOptions } from "./scenario_routes.ts";
import { createLogbook } from "./logbook.ts";

export interface Demo extends Answering {
  /** May change or drop a function's reply on its way to the browser. */
  deliver(request: Request, reply: Response): Response;
}

const PAGE = new URL("./page/", import.meta.url);

const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/demo/styles.css": { file: "styles.css", type: "text/css; charset=utf-8" },
  "/demo/panels.css": { file: "panels.css", type: "text/css; charset=utf-8" },
  "/demo/icon.svg": { file: "icon.svg", type: "image/svg+xml" },
};

/** Nothing from without, nothing inline but the image of a QR code: an injected script could not even run. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export function createDemo(options: ScenarioOptions & { readonly mailbox: Mailbox }): Demo {
  const scenarioRoutes = createScenarioRoutes(options);
  const logbook = createLogbook(options.functionsUrl);
  const script = bundlePage(new URL("./app.ts", PAGE));

  return {
    deliver: scenarioRoutes.deliver,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/demo/entries") return await logbook(request);
      if (pathname === "/demo/app.js") {
        return withPolicy(await script, "text/javascript; charset=utf-8");
      }
      if (pathname === "/demo/authenticator") return await answerAuthenticator(options.sql);
      if (pathname === "/demo/inbox") return answerInbox(options.mailbox);
      const known = FILES[pathname];
      if (known) return withPolicy(await Deno.readFile(new URL(known.file, PAGE)), known.type);
      return await scenarioRoutes.answer(request) ??
        Response.json({ message: "there is nothing here" }, { status: 404 });
    },
  };
}

function withPolicy(body: BodyInit, contentType: string): Response {
  return new Response(body, {
    headers: {
      "content-type": contentType,
      "content-security-policy": POLICY,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    },
  });
}
