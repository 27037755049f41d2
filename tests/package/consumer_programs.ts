/**
 * Two programs that use the published package, as text: they are compiled where they can see nothing of
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
  "main.tsx":
    `import { createHttpTransport, createSession, type SessionSnapshot } from "@unified-auth/client";
import {
  SessionEndedBanner,
  SessionProvider,
  SessionWarningBanner,
  useCanMutate,
  useSession,
} from "@unified-auth/client/react";
import { supabaseAccessToken } from "@unified-auth/client/supabase";
import "@unified-auth/client/styles.css";
import { createRoot } from "react-dom/client";

const transport = createHttpTransport({ baseUrl: "/functions/v1/unified-auth" });
const session = createSession({ transport });
export const accessToken: () => Promise<string | null> = supabaseAccessToken(session);

function Status() {
  const status: SessionSnapshot["status"] = useSession((snapshot) => snapshot.status);
  const canMutate: boolean = useCanMutate();
  // @ts-expect-error: a status is no number, so the types arrived
  const wrong: number = useSession((snapshot) => snapshot.status);
  return <output title={String(wrong)}>{canMutate ? "may write" : status}</output>;
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <SessionProvider session={session}>
      <SessionWarningBanner />
      <SessionEndedBanner onSignIn={() => undefined} />
      <Status />
    </SessionProvider>,
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

/** A Deno program; its argument is where the functions answer. */
export const DENO_PROGRAM: Readonly<Record<string, string>> = {
  "deno.json": JSON.stringify({
    nodeModulesDir: "manual",
    compilerOptions: { jsx: "react-jsx", jsxImportSource: "react" },
  }),
  "main.ts": `import {
  createHttpTransport,
  createSession,
  type Session,
  type SessionSnapshot,
  type UnifiedAuthUser,
} from "@unified-auth/client";
import { useSession } from "@unified-auth/client/react";
import { connectSupabase } from "@unified-auth/client/supabase";

const transport = createHttpTransport({ baseUrl: Deno.args[0] ?? "" });
const session: Session<UnifiedAuthUser> = createSession({ transport });
session.start();
const { status }: SessionSnapshot<UnifiedAuthUser> = await session.recover();
// @ts-expect-error: a status is no number, so the types arrived
const wrong: number = status;
session.dispose();
console.log(wrong, typeof useSession, typeof connectSupabase);
`,
};
