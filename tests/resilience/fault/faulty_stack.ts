/**
 * A whole project with a faulty network at each of its joints: between browsers and the gateway,
 * between the functions and the project (the data API and Supabase Auth), and between the data API
 * and PostgreSQL. Until a test says otherwise everything arrives.
 *
 * @module
 */

import type {
  OwnTestServer,
  TestDatabase,
  TestServer,
  TestStack,
} from "../../../local/testing/test_server.ts";
import type { TestStackOptions } from "../../../local/testing/test_server.ts";
import { type FaultyProxy, startFaultyProxy } from "../../harness/faulty_proxy.ts";

export interface FaultyStack<Server extends TestServer = TestServer> extends AsyncDisposable {
  readonly server: Server;
  readonly stack: TestStack;
  /** Of the gateway, through `browsers`: what a browser takes. */
  readonly functionsUrl: string;
  /** Before the gateway, for callers of the functions. */
  readonly browsers: FaultyProxy;
  /** Before the gateway, for the functions: `/rest/v1` and `/auth/v1`. */
  readonly project: FaultyProxy;
  /** Before PostgreSQL, for the emulators. Tests ask the database directly. */
  readonly database: FaultyProxy;
}

/** @param server stays the caller's */
export async function startFaultyStack<Server extends TestServer | OwnTestServer>(
  server: Server,
  options: Omit<TestStackOptions, "database"> = {},
): Promise<FaultyStack<Server>> {
  const database = await server.createDatabase();
  const gatewayPort = { value: 0 };
  const toDatabase = startFaultyProxy(() => server.port);
  const toProject = startFaultyProxy(() => gatewayPort.value);
  const toGateway = startFaultyProxy(() => gatewayPort.value);
  const proxies = [toGateway, toProject, toDatabase];
  const close = async (stack?: TestStack) => {
    await stack?.stop();
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    await database.drop();
  };
  try {
    const stack = await server.startStack({
      ...options,
      environment: { SUPABASE_URL: toProject.url, ...options.environment },
      database: throughProxy(database, toDatabase),
    });
    gatewayPort.value = Number(new URL(stack.baseUrl).port);
    return {
      server,
      stack,
      functionsUrl: `${toGateway.url}/functions/v1`,
      browsers: toGateway,
      project: toProject,
      database: toDatabase,
      [Symbol.asyncDispose]: () => close(stack),
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The same database, which a stack's emulators reach through the proxy. */
function throughProxy(database: TestDatabase, { port }: FaultyProxy): TestDatabase {
  return {
    ...database,
    urlAs(role) {
      const url = new URL(database.urlAs(role));
      url.port = String(port);
      return url.href;
    },
  };
}
