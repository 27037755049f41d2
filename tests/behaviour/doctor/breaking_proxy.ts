/**
 * A proxy in front of a project, that breaks what a test says and hands everything else on as it came.
 *
 * @module
 */

/** A mistake of a deployment. */
export interface Break {
  /** Answers in the project's place, or lets it answer. */
  readonly answer?: (request: Request) => Response | null | Promise<Response | null>;
  /** Lets the project answer, and gives the caller a 502 instead. */
  readonly lose?: (request: Request) => boolean;
  /** Changes the headers of a request on its way in. */
  readonly changeRequest?: (headers: Headers, request: Request) => void;
  /** Changes the headers of an answer on its way out. */
  readonly changeReply?: (headers: Headers, request: Request) => void;
  /** Changes the body of an answer on its way out. */
  readonly changeBody?: (text: string, request: Request) => string;
}

export interface BreakingProxy extends AsyncDisposable {
  readonly baseUrl: string;
  /** Where the project is; set before the first request. */
  setUpstream(baseUrl: string): void;
  /** From now on. Null: nothing is broken. */
  setBreak(change: Break | null): void;
}

export function startBreakingProxy(): BreakingProxy {
  let broken: Break = {};
  let upstream = "";
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const answer = await broken.answer?.(request);
      if (answer) return answer;
      const { pathname, search } = new URL(request.url);
      const requestHeaders = new Headers(request.headers);
      requestHeaders.delete("host");
      broken.changeRequest?.(requestHeaders, request);
      const reply = await fetch(`${upstream}${pathname}${search}`, {
        method: request.method,
        headers: requestHeaders,
        body: request.body,
        redirect: "manual",
      });
      if (broken.lose?.(request)) {
        await reply.body?.cancel();
        return new Response("bad gateway", { status: 502 });
      }
      const headers = new Headers(reply.headers);
      broken.changeReply?.(headers, request);
      const { status } = reply;
      if (broken.changeBody === undefined || reply.body === null) {
        return new Response(reply.body, { status, headers });
      }
      headers.delete("content-length");
      return new Response(broken.changeBody(await reply.text(), request), { status, headers });
    },
  );
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}`,
    setUpstream(baseUrl) {
      upstream = baseUrl;
    },
    setBreak(change) {
      broken = change ?? {};
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Replaces every `Set-Cookie` of an answer. */
export function changeSetCookies(
  headers: Headers,
  change: (cookies: readonly string[]) => readonly string[],
): void {
  const changed = change(headers.getSetCookie());
  headers.delete("set-cookie");
  for (const cookie of changed) headers.append("set-cookie", cookie);
}
