/**
 * The stand-ins for PostgREST and Supabase Auth, in a separate process, as they are on the platform.
 * Prints the environment that a function of this project gets, behind the word `ready`.
 *
 * @module
 */

import { print } from "../../local/command.ts";
import { startStack } from "../../local/platform/stack.ts";

const { databaseUrl, port, projectDirectory, secrets } = JSON.parse(
  await new Response(Deno.stdin.readable).text(),
);
const { environment } = await startStack({
  projectDirectory,
  databaseUrl: (role) => databaseUrl.replace("://postgres:", `://${role}:`),
  secrets,
  port,
  functions: [],
});
print(`ready ${JSON.stringify(environment)}`);
