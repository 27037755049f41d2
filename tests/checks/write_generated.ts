/**
 * `deno task types`: writes what is generated from the migrations (the database's types, the dump
 * of the schema, the manifest that the doctor compares a database with, the numbers of the migrations), the
 * table of errors and that of browsers.
 *
 * @module
 */

import { startTestServer } from "../../local/testing/test_server.ts";
import { writeGeneratedFiles } from "./generated_files.ts";
import { writeGeneratedPassages } from "./generated_passages.ts";

await using server = await startTestServer();
await using database = await server.createDatabase();
await writeGeneratedFiles(database);
await writeGeneratedPassages();
