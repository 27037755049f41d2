/**
 * The demo's small app: a logbook in memory, one a user. It asks `validate-session` who calls, reads
 * in the grace window and writes only while the session is active, as an app should.
 *
 * @module
 */

import * as z from "zod";

interface Entry {
  readonly text: string;
  readonly at: string;
}

const standing = z.object({
  valid: z.literal(true),
  can_mutate: z.boolean(),
  user_id: z.string(),
});

const newEntry = z.strictObject({ text: z.string().trim().min(1).max(200) });

const MAX_ENTRIES = 50;

/** Answers `GET` and `POST /demo/entries`. `functionsUrl` is `${baseUrl}/functions/v1`. */
export function createLogbook(
  functionsUrl: string,
): (request: Request) => Promise<Response> {
  const books = new Map<string, Entry[]>();

  return async function answer(request) {
    const asked = await fetch(`${functionsUrl}/validate-session`, {
      headers: {
        cookie: request.headers.get("cookie") ?? "",
        "user-agent": request.headers.get("user-agent") ?? "",
      },
    });
    const body: unknown = await asked.json();
    const session = standing.safeParse(body);
    if (!session.success) return Response.json(body, { status: asked.status });

    const { user_id: userId, can_mutate: canMutate } = session.data;
    const book = books.get(userId) ?? firstEntries();
    books.set(userId, book);
    if (request.method === "GET") return Response.json({ entries: book });

    if (!canMutate) return Response.json({ code: "access_token_expired" }, { status: 401 });
    const entry = newEntry.safeParse(await request.json());
    if (!entry.success) return Response.json({ code: "validation_failed" }, { status: 400 });
    book.unshift({ text: entry.data.text, at: new Date().toISOString() });
    book.length = Math.min(book.length, MAX_ENTRIES);
    return Response.json({ entries: book });
  };
}

function firstEntries(): Entry[] {
  const at = new Date().toISOString();
  return [
    { text: "Opened the logbook.", at },
    { text: "This list stays on the screen while the session cannot be verified.", at },
  ];
}
