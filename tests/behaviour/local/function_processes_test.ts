import assert from "node:assert/strict";
import { startFunction } from "../../../local/platform/function_processes.ts";
import { StackError } from "../../../local/platform/stack_error.ts";
import { makeProject } from "./project_fixture.ts";

const PRISONER = `
  const attempts = {
    given: () => Deno.env.get("SESSION_EXAMPLE"),
    optional: () => Deno.env.get("SESSION_NOT_SET") ?? "unset",
    path: () => Deno.env.get("PATH"),
    read: () => Deno.readTextFileSync("/etc/hostname"),
    write: () => Deno.writeTextFileSync("/tmp/written-by-a-function", ""),
    run: () => new Deno.Command("true").outputSync().code,
    otherPort: () => fetch("http://127.0.0.1:2/").then(() => "reached"),
    project: () => fetch("http://127.0.0.1:1/").then(() => "reached"),
  };
  export default {
    async fetch() {
      const results = {};
      for (const [name, attempt] of Object.entries(attempts)) {
        try { results[name] = await attempt(); } catch (thrown) { results[name] = thrown.name; }
      }
      console.log("a line of the function");
      return Response.json(results);
    },
  };
`;

Deno.test("a function may read its environment, reach its project, and nothing else", async () => {
  await using project = await makeProject({ prisoner: PRISONER });
  const lines: string[] = [];
  const process = await startFunction({
    ...project,
    name: "prisoner",
    mayReach: ["127.0.0.1:1"],
    onLine: (line) => lines.push(line),
  });
  assert.deepEqual(await (await fetch(process.url)).json(), {
    given: "given",
    optional: "unset",
    path: "NotCapable",
    read: "NotCapable",
    write: "NotCapable",
    run: "NotCapable",
    otherPort: "NotCapable",
    // Allowed, and refused only because nothing listens there.
    project: "TypeError",
  });
  await process.stop();
  assert.deepEqual(lines, ["a line of the function"]);
  assert.ok(process.output.includes("a line of the function"));
});

Deno.test("a function that does not start says why, in its own words", async () => {
  await using project = await makeProject({
    broken: `throw new Error("SESSION_SECRET is missing")`,
  });
  await assert.rejects(
    startFunction({ ...project, name: "broken", mayReach: ["127.0.0.1:1"] }),
    (thrown) => thrown instanceof StackError && /SESSION_SECRET is missing/.test(thrown.message),
  );
});

Deno.test("a function can be killed and started again at the same address", async () => {
  await using project = await makeProject({ prisoner: PRISONER });
  const process = await startFunction({ ...project, name: "prisoner", mayReach: ["127.0.0.1:1"] });
  const { pid, url } = process;
  await process.kill();
  await assert.rejects(fetch(url));
  await process.restart();
  assert.deepEqual([process.url, process.pid === pid], [url, false]);
  await (await fetch(url)).body?.cancel();
  await process.stop();
  await process.stop();
});
