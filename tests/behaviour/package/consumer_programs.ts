/**
 * Programs that use the published package, as text: they are compiled where they can see nothing of
 * this project but the package.
 *
 * @module
 */

/** A React app, built by Vite. */
export const VITE_APP: Readonly<Record<string, string>> = {
  "index.html": `<!DOCTYPE html>
<title>A consumer</title>
<div id="root"></div>
<script type="module" src="/main.tsx"></script>
`,
  "main.tsx": `import { createAuthClient, type SessionSnapshot } from "@unified-auth/client";
import { createAuthHooks } from "@unified-auth/client/react";
import { supabaseAccessToken } from "@unified-auth/client/supabase";
import { createReadCache } from "@unified-auth/client/cache";
import { collectMetrics } from "@unified-auth/client/metrics";
import { readSession } from "@unified-auth/client/server";
import "@unified-auth/client/styles.css";
import { createRoot } from "react-dom/client";

const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
const { useAuth, useCanMutate, SessionWarningBanner, SessionEndedBanner } = createAuthHooks(auth);
export const accessToken: () => Promise<string | null> = supabaseAccessToken(auth);
export const cache = createReadCache(auth);
export const metrics = collectMetrics(auth);

// Every option may be left out, and be undefined, whatever exactOptionalPropertyTypes says.
export const leftOut = [
  () => createReadCache(auth, { storage: undefined, storageKey: undefined, maxEntries: undefined }),
  () => readSession(new Request("/"), { baseUrl: "/", timeoutMs: undefined, fetch: undefined }),
  () => auth.signOut({ scope: undefined }),
  () => auth.fetch("/", { as: undefined, replay: undefined, timeoutMs: undefined }),
  () => auth.getAccessToken({ minTtlMs: undefined, signal: undefined }),
  () => auth.signIn.withOAuth({ provider: "github", popup: undefined, returnTo: undefined }),
  () => auth.signIn.withOtp({ email: "", createUser: undefined, captchaToken: undefined }),
  () => auth.signIn.verifyOtp({ email: "", token: "", type: undefined, deviceName: undefined }),
  () => <SessionWarningBanner stayLabel={undefined} dismissLabel={undefined} children={undefined} />,
  () => <SessionEndedBanner onSignIn={() => {}} signInLabel={undefined} children={undefined} />,
];

function Status() {
  const status: SessionSnapshot["status"] = useAuth((snapshot) => snapshot.status);
  const canMutate: boolean = useCanMutate();
  const email: string | null | undefined = useAuth().user?.email;
  // @ts-expect-error: a status is no number, so the types arrived
  const wrong: number = useAuth((snapshot) => snapshot.status);
  return <output title={String(wrong) + email}>{canMutate ? "may write" : status}</output>;
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <>
      <SessionWarningBanner />
      <SessionEndedBanner onSignIn={() => undefined} />
      <Status />
    </>,
  );
}
`,
  "vite-env.d.ts": `declare module "*.css";\n`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      skipDefaultLibCheck: true, // TypeScript's own: a second of CPU each time
      target: "es2022",
      lib: ["es2023", "dom", "dom.iterable"],
      types: [],
      jsx: "react-jsx",
      module: "esnext",
      moduleResolution: "bundler",
    },
    files: ["main.tsx", "vite-env.d.ts"],
  }),
};

/** A program for Node.js from 20.19 and 22.12 on, which may require a module that awaits nothing at its top. */
export const COMMONJS_PROGRAM: Readonly<Record<string, string>> = {
  "main.cjs": `const { createAuthClient } = require("@unified-auth/client");
const { createAuthHooks } = require("@unified-auth/client/react");
const { readSession } = require("@unified-auth/client/server");
const { connectSupabase } = require("@unified-auth/client/supabase");
const { createReadCache } = require("@unified-auth/client/cache");
const { collectMetrics } = require("@unified-auth/client/metrics");
const entries = [createAuthClient, createAuthHooks, readSession, connectSupabase, createReadCache, collectMetrics];
console.log(entries.map((entry) => typeof entry).join(" "));
`,
};

/** A Deno program; its argument is where the functions answer. */
export const DENO_PROGRAM: Readonly<Record<string, string>> = {
  "deno.json": JSON.stringify({
    nodeModulesDir: "manual",
    compilerOptions: { jsx: "react-jsx", jsxImportSource: "react" },
  }),
  "main.ts":
    `import { type AuthClient, createAuthClient, type SessionSnapshot } from "@unified-auth/client";
import { createAuthHooks } from "@unified-auth/client/react";
import { connectSupabase } from "@unified-auth/client/supabase";

const auth: AuthClient = createAuthClient({ baseUrl: Deno.args[0] ?? "" });
const { status }: SessionSnapshot = await auth.ready();
// @ts-expect-error: a status is no number, so the types arrived
const wrong: number = status;
console.log(wrong, typeof createAuthHooks, typeof connectSupabase);
`,
};
