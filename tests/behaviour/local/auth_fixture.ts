/**
 * A project without functions, and the requests of Supabase Auth as supabase-js sends them.
 *
 * @module
 */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { STATELESS } from "./rest_fixture.ts";

/** A stack and ways to speak to its Supabase Auth emulator. */
export interface AuthFixture {
  readonly stack: TestStack;
  /** A client with the secret key. A sign-in changes a client, so one is made for each use. */
  admin(): SupabaseClient["auth"];
  /** A client with the publishable key. */
  visitor(): SupabaseClient["auth"];
  /** A raw request with the publishable key. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function openAuthFixture(): Promise<AuthFixture> {
  const server = await openTestServer();
  const stack = await server.startStack({ functions: [] });
  const { baseUrl, keys } = stack;
  return {
    stack,
    admin: () => createClient(baseUrl, keys.secret, { auth: STATELESS }).auth,
    visitor: () => createClient(baseUrl, keys.publishable, { auth: STATELESS }).auth,
    ask: (path, init = {}) =>
      fetch(`${baseUrl}/auth/v1${path}`, {
        ...init,
        headers: {
          apikey: keys.publishable,
          "content-type": "application/json",
          ...init.headers,
        },
      }),
    async close() {
      await stack.stop();
      await server.close();
    },
  };
}
