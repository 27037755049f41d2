/**
 * The processes that WebKitGTK needs: a display without a screen, and a browser or its driver in it.
 *
 * @module
 */

export const MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

export interface StartedProcess extends AsyncDisposable {
  readonly pid: number;
}

export interface Display extends AsyncDisposable {
  /** Of what is to be shown there. */
  readonly environment: Readonly<Record<string, string>>;
}

export function startProcess(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): StartedProcess {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const status = child.status;
  let hasEnded = false;
  status.then(() => hasEnded = true);
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      if (!hasEnded) child.kill("SIGTERM");
      await status;
    },
  };
}

/** An X server without a screen; it chooses its own number. */
export async function startDisplay(): Promise<Display> {
  const child = new Deno.Command("Xvfb", {
    // Without -noreset it starts anew when its last window closes, and writes its number again.
    args: ["-displayfd", "1", "-noreset", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    environment: {
      DISPLAY: `:${new TextDecoder().decode(value).trim()}`,
      // Its sandbox needs user namespaces, which containers seldom grant.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
      // A seventh of all its CPU: to paint by OpenGL, where nobody looks.
      WEBKIT_DISABLE_COMPOSITING_MODE: "1",
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
    },
  };
}

export async function readVersion({ environment }: Display): Promise<string> {
  const { stdout } = await new Deno.Command(MINI_BROWSER, {
    args: ["--version"],
    env: { ...environment },
  }).output();
  return new TextDecoder().decode(stdout).replace("WebKitGTK", "").trim();
}
