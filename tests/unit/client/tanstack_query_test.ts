import assert from "node:assert/strict";
import { QueryObserver } from "@tanstack/query-core";
import { createAuthClient } from "../../../client/src/auth_client.ts";
import type { AuthClient } from "../../../client/src/index.ts";
import { createQueryClient, mayEnter } from "./tanstack_query/queries.ts";

const API = "https://api.test/devices";

interface Backend {
  readonly auth: AuthClient;
  /** The paths of all requests, an API's too. */
  readonly requests: string[];
  /** Whose cookies the jar has. */
  person: string | null;
  isDown: boolean;
  signIn(person: string): Promise<void>;
}

/** A jar, functions that know each person who signs in, and an API that answers with the name of its caller. */
function createBackend(): Backend {
  const requests: string[] = [];
  const backend: Omit<Backend, "auth" | "signIn"> = { requests, person: null, isDown: false };
  const auth = createAuthClient({
    baseUrl: "https://functions.test/functions/v1/unified-auth",
    async fetch(input, init) {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      requests.push(pathname);
      if (backend.isDown) throw new TypeError("fetch failed");
      if (pathname.endsWith("/login")) backend.person = (await request.json()).email;
      if (pathname.endsWith("/logout")) {
        backend.person = null;
        return Response.json({ signed_out: true });
      }
      const { person } = backend;
      if (request.url === API) return Response.json({ person });
      return person === null
        ? Response.json({ code: "refresh_token_missing" }, { status: 401 })
        : Response.json(viewOf(person));
    },
  });
  return Object.assign(backend, {
    auth,
    async signIn(person: string) {
      const { kind } = await auth.signIn.withPassword({ email: person, password: "p" });
      assert.equal(kind, "signed-in");
    },
  });
}

function viewOf(person: string): unknown {
  return {
    valid: true,
    refreshed: false,
    user: { id: person, email: `${person}@example.com` },
    session: {
      id: person,
      generation: 1,
      access_token_expires_in: 3600,
      refresh_token_expires_in: 2_592_000,
    },
  };
}

/** A part of the page that shows whose devices it has, or that it has none. */
function show(auth: AuthClient) {
  const queryClient = createQueryClient(auth);
  queryClient.mount();
  const observer = new QueryObserver(queryClient, {
    queryKey: ["devices"],
    staleTime: Infinity,
    queryFn: async (): Promise<string> => (await (await auth.fetch(API)).json()).person,
  });
  const stop = observer.subscribe(() => {});
  return {
    queryClient,
    shown: () => observer.getCurrentResult(),
    async settled() {
      while (queryClient.isFetching() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      return observer.getCurrentResult();
    },
    [Symbol.dispose]() {
      stop();
      queryClient.unmount();
      queryClient.clear();
    },
  };
}

Deno.test("a query of an ended session is not tried again", async () => {
  const { auth, requests } = createBackend();
  using page = show(auth);
  const { error, failureCount } = await page.settled();
  assert.equal(error?.name, "SessionEndedError");
  assert.equal(failureCount, 1);
  assert.deepEqual(requests.filter((path) => path === new URL(API).pathname), []);
});

Deno.test("a person's data leaves the screen with them, however the next one comes", async () => {
  const backend = createBackend();
  const { auth, signIn } = backend;
  await signIn("ada");
  using page = show(auth);
  assert.equal((await page.settled()).data, "ada");

  await signIn("grace"); // over ada's session
  assert.notEqual(page.shown().data, "ada");
  assert.equal((await page.settled()).data, "grace");

  await auth.signOut();
  assert.equal((await page.settled()).data, undefined);
  await signIn("ada");
  assert.equal((await page.settled()).data, "ada");
});

Deno.test("a guard waits for one answer, and an outage leads nobody away", async () => {
  const backend = createBackend();
  backend.isDown = true;
  assert.equal(await mayEnter(backend.auth), true);
  const visitor = createBackend();
  assert.equal(await mayEnter(visitor.auth), false);
  assert.equal(await mayEnter(visitor.auth), false);
  assert.equal(visitor.requests.length, 1);
  await visitor.signIn("ada");
  assert.equal(await mayEnter(visitor.auth), true);
});
