/**
 * `deno task types`: writes what is generated from the migrations, the database's types and the dump
 * of the schema.
 *
 * @module
 */

import { startTestServer } from "../../local/testing.ts";
import { writeGeneratedFiles } from "./generated_files.ts";

await using server = await startTestServer();
await using database = await server.createDatabase();
await writeGeneratedFiles(database);
