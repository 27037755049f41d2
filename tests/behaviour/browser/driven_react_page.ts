/**
 * The browser's side of `driven_react_app.ts`: takes over what a server rendered.
 *
 * @module
 */

// @ts-types="@types/react-dom/client"
import { hydrateRoot } from "react-dom/client";
import { createAuthClient } from "../../../client/src/index.ts";
import { createApp } from "./driven_react_app.ts";

const session = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
const complaints: string[] = [];
const consoleError = console.error;
console.error = (...parts: readonly unknown[]) => {
  complaints.push(parts.map(String).join(" "));
  consoleError(...parts);
};

const root = document.getElementById("root");
if (!root) throw new TypeError("Cannot hydrate as there is no root");
hydrateRoot(root, createApp(session), {
  onRecoverableError: (error) => void complaints.push(String(error)),
});
const signIn = (email: string, password: string) =>
  session.signIn.withPassword({ email, password });
Object.assign(globalThis, { session, complaints, signIn });
