import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createAuthClient } from "@unified-auth/client";
import fetchCookie from "fetch-cookie";
import { CookieJar } from "tough-cookie";

const file = process.env.SESSION_FILE ?? "session.json";
const jar = existsSync(file)
  ? CookieJar.deserializeSync(readFileSync(file, "utf8"))
  : new CookieJar();
const fetchWithCookies = fetchCookie(fetch, jar);

export const auth = createAuthClient({
  baseUrl: process.env.AUTH_URL ?? "http://127.0.0.1:54321/functions/v1/unified-auth",
  async fetch(input, init) {
    const response = await fetchWithCookies(input, init);
    // At once, and whole or not at all: the next run needs the newest cookies.
    const written = `${file}.${process.pid}`;
    writeFileSync(written, JSON.stringify(jar), { mode: 0o600 });
    renameSync(written, file);
    return response;
  },
});
