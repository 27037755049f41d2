import assert from "node:assert/strict";
import { DEFAULTS, type SessionEventName } from "../../client/src/index.ts";
import { SEED_USERS } from "../../local/seed_users.ts";
import { openTestServer } from "../../local/testing.ts";
import { ageSession } from "../http/aging.ts";
import { ACCESS_COOKIE, FIREFOX, openBrowser, REFRESH_COOKIE } from "../http/browser.ts";
import { readDocument } from "./markdown.ts";

const CLIENT = new URL("../../client/src/", import.meta.url);

/** Where the package's entries are in the sources. */
const ENTRIES: Readonly<Record<string, string>> = {
  "@unified-auth/client/supabase": new URL("supabase.ts", CLIENT).href,
  "@unified-auth/client/react": new URL("react/index.ts", CLIENT).href,
  "@unified-auth/client": new URL("index.ts", CLIENT).href,
};

const EXAMPLE = /^```(tsx?) check\n([\s\S]*?)^```$/gm;

Deno.test("the examples of the client's README compile", async () => {
  const readme = await readDocument("client/README.md");
  const examples = [...readme.matchAll(EXAMPLE)];
  assert.equal(examples.length, [...readme.matchAll(/^```tsx?\b/gm)].length);
  assert.ok(examples.length >= 6);
  // Inside the project, so that its compiler options and its list of dependencies hold.
  const directory = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    const files = examples.map(([, language], index) =>
      `${directory}/example_${index}.${language}`
    );
    for (const [index, [, , text = ""]] of examples.entries()) {
      await Deno.writeTextFile(files[index] ?? "", withSources(text));
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", ...files],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("no example of the client's README undoes anything before a page is really gone", async () => {
  const readme = await readDocument("client/README.md");
  // They fire for downloads and for a navigation that the person calls off, too.
  assert.doesNotMatch(readme, /beforeunload|"unload"/);
});

Deno.test("the README's example of a server's rendering runs on a server, which may do nothing", async () => {
  const readme = await readDocument("client/README.md");
  const [, section = ""] = readme.split("\n## Server rendering\n");
  const [, text = ""] = /^```ts check\n([\s\S]*?)^```$/m.exec(section.split("\n## ")[0] ?? "") ??
    [];
  assert.match(text, /createHttpTransport\(/);
  const declared = [...text.matchAll(/^declare const (\w+)/gm)].map(([, name]) => name);
  const directory = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    await Deno.writeTextFile(
      `${directory}/declared.ts`,
      declared.map((name) => `Reflect.set(globalThis, "${name}", undefined);\n`).join(""),
    );
    await Deno.writeTextFile(
      `${directory}/example.ts`,
      `import "./declared.ts";\n${withSources(text)}`,
    );
    // No permission at all: neither the network nor the environment.
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--quiet", `${directory}/example.ts`],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** An example with the package's entries as the sources have them. */
function withSources(text: string): string {
  return Object.entries(ENTRIES).reduce(
    (code, [name, url]) => code.replaceAll(`"${name}"`, `"${url}"`),
    text,
  );
}

interface ServerExample {
  askForVisitor(visit: Request, page: Headers): Promise<{ readonly sessionId: string } | undefined>;
}

Deno.test("the README's server looks like its visitor and hands the cookies back", async () => {
  const readme = await readDocument("client/README.md");
  const [, , example] =
    [...readme.matchAll(EXAMPLE)].find(([, , text = ""]) =>
      text.includes("function askForVisitor")
    ) ?? [];
  assert.ok(example);
  await using server = await openTestServer();
  await using stack = await server.startStack({
    functions: ["unified-auth"],
    environment: { SESSION_CLIENT_IP_HEADER: "x-client-address-secret" },
  });
  const source = withSources(example)
    .replace("https://project.supabase.co", stack.baseUrl)
    .replace("<secret>", "secret");
  const { askForVisitor }: ServerExample = await import(
    `data:application/typescript,${encodeURIComponent(source)}`
  );

  const visitor = openBrowser(stack);
  const { session } = await visitor.login(SEED_USERS.ada);
  const sql = stack.database.connect({ max: 1 });
  await ageSession(sql, session.id, 3600);
  visitor.cookies.delete(ACCESS_COOKIE);
  const visit = new Request("https://app.example.com/", {
    headers: {
      "cookie": `${REFRESH_COOKIE}=${visitor.refreshToken}`,
      "user-agent": FIREFOX,
      "x-client-address-secret": "198.51.100.7",
    },
  });
  const page = new Headers();
  assert.equal((await askForVisitor(visit, page))?.sessionId, session.id);
  assert.equal(page.getSetCookie().length, 2);
  const [row] = await sql`
    select s.user_agent, host(s.ip) as ip, s.generation from public.sessions as s
    where s.id = ${session.id}`;
  assert.deepEqual({ ...row }, { user_agent: FIREFOX, ip: "198.51.100.7", generation: 2 });
});

/** Every event, as the compiler sees to it. */
const EVENTS: Readonly<Record<SessionEventName, true>> = {
  "state": true,
  "signed-in": true,
  "signed-out": true,
  "session-refreshed": true,
  "session-ended": true,
  "session-warning": true,
  "session-warning-cleared": true,
  "user-changed": true,
  "suspended": true,
  "recovery": true,
  "offline": true,
  "online": true,
  "queue": true,
};

Deno.test("the client's README lists every option with its default, and every event", async () => {
  const readme = await readDocument("client/README.md");
  const options = [...readme.matchAll(/^\| `(\w+)` +\| ([\d_]+) +\|/gm)]
    .map(([, name, value = ""]) => [name, Number(value.replaceAll("_", ""))]);
  assert.deepEqual(Object.fromEntries(options), DEFAULTS);
  const [, events = ""] = readme.split("\n## Events\n");
  const rows = (events.split("\n## ")[0] ?? "").split("\n").filter((line) =>
    line.startsWith("| `")
  );
  const listed = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name)
  );
  assert.deepEqual(listed.toSorted(), Object.keys(EVENTS).toSorted());
});
