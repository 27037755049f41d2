/**
 * A function process whose project address is a proxy of this test: everything is handed on to a real
 * stack, except the answers that a test gives in Supabase Auth's place. So the database stays real and
 * the identity provider fails as the test says.
 *
 * @module
 */

import { type FunctionProcess, startFunction } from "../../../local/platform/function_processes.ts";
import type { TestStack } from "../../../local/testing/test_server.ts";

/** Answers a request to Supabase Auth, or lets the real one answer. */
export type Fault = (request: Request) => Response | null | Promise<Response | null>;

export interface FaultyProject extends AsyncDisposable {
  readonly functionsUrl: string;
  readonly process: FunctionProcess;
  /** The fault of requests to Supabase Auth from now on. Null: none. */
  setFault(fault: Fault | null): void;
  /** The same of requests to the data API, with `SESSION_STORE=data-api`. */
  setDatabaseFault(fault: Fault | null): void;
}

const PROJECT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

export async function startFaultyProject(
  stack: TestStack,
  { onLine }: { readonly onLine: (line: string) => void },
): Promise<FaultyProject> {
  let fault: Fault | null = null;
  let databaseFault: Fault | null = null;
  const proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const current = pathname.startsWith("/auth/v1/") ? fault : databaseFault;
      const answer = await current?.(request);
      if (answer) return answer;
      return await fetch(`${stack.baseUrl}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        body: request.body,
        redirect: "manual",
      });
    },
  );
  const host = `127.0.0.1:${proxy.addr.port}`;
  const process = await startFunction({
    name: "unified-auth",
    projectDirectory: PROJECT,
    environment: { ...stack.environment, SUPABASE_URL: `http://${host}` },
    mayReach: [host],
    onLine,
  });
  return {
    functionsUrl: process.url,
    process,
    setFault(next) {
      fault = next;
    },
    setDatabaseFault(next) {
      databaseFault = next;
    },
    async [Symbol.asyncDispose]() {
      await process.stop();
      await proxy.shutdown();
    },
  };
}
