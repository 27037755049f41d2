/**
 * The documented proxies that can be run: two servers, where the machine has them, and the code of two
 * edge platforms, which Deno runs as they do.
 *
 * @module
 */

import { findOptionalProgram } from "../../harness/optional_program.ts";
import { type RunningProxy, startServer } from "./server_process.ts";
import { readConfiguration } from "./documented.ts";

export interface ProxyOptions {
  readonly port: number;
  /** Of the project. */
  readonly upstream: string;
  /** The secret end of the name of the client's address header. */
  readonly secret: string;
  readonly replaced?: Readonly<Record<string, string>>;
}

export interface DocumentedProxy {
  readonly name: string;
  readonly start: (options: ProxyOptions) => Promise<RunningProxy>;
}

/** Those of the machine. */
export async function findServers(): Promise<readonly DocumentedProxy[]> {
  const nginx = await findOptionalProgram("nginx", "docs/deploy/nginx.md");
  const caddy = await findOptionalProgram("caddy", "docs/deploy/caddy.md");
  return [
    ...(nginx === undefined ? [] : [{ name: "nginx", start: startNginx(nginx) }]),
    ...(caddy === undefined ? [] : [{ name: "caddy", start: startCaddy(caddy) }]),
  ];
}

export const EDGE_PLATFORMS: readonly DocumentedProxy[] = [
  { name: "cloudflare", start: startWorker },
  { name: "netlify", start: startEdgeFunction },
];

function startNginx(program: string): DocumentedProxy["start"] {
  return async ({ port, ...places }) => {
    const location = await readConfiguration("nginx", places);
    return await startServer({
      program,
      port,
      files: { "nginx.conf": nginxAround(location, port) },
      args: (directory) => ["-p", directory, "-c", "nginx.conf", "-e", "stderr"],
    });
  };
}

/** The parts of a machine's nginx.conf that a test needs. */
function nginxAround(location: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${kind};`).join(" ");
  return `
    daemon off;
    pid nginx.pid;
    events { worker_connections 64; }
    http {
      access_log off;
      ${temporary}
      server {
        listen 127.0.0.1:${port};
        ${location}
      }
    }`;
}

function startCaddy(program: string): DocumentedProxy["start"] {
  return async ({ port, ...places }) => {
    const site = await readConfiguration("caddy", { ...places, app: `http://127.0.0.1:${port}` });
    return await startServer({
      program,
      port,
      files: { Caddyfile: `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${site}` },
      args: () => ["run", "--config", "Caddyfile", "--adapter", "caddyfile"],
    });
  };
}

type Rewrite = (request: Request, remoteAddress: string) => Promise<Response>;

/** Cloudflare tells the client's address in a header, which it overwrites. */
async function startWorker({ port, ...places }: ProxyOptions): Promise<RunningProxy> {
  const { default: worker } = await importText(await readConfiguration("cloudflare", places));
  return serve(port, async (request, remoteAddress) => {
    const headers = new Headers(request.headers);
    headers.set("cf-connecting-ip", remoteAddress);
    return await worker.fetch(new Request(request, { headers }));
  });
}

/** Netlify tells it in the context. */
async function startEdgeFunction({ port, ...places }: ProxyOptions): Promise<RunningProxy> {
  const { default: rewrite } = await importText(await readConfiguration("netlify", places));
  return serve(port, async (request, ip) => await rewrite(request, { ip }));
}

async function importText(text: string) {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, text);
    return await import(`file://${file}`);
  } finally {
    await Deno.remove(file);
  }
}

function serve(port: number, rewrite: Rewrite): RunningProxy {
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port,
      onListen: () => {},
      onError: () => new Response(null, { status: 502 }),
    },
    (request, { remoteAddr }) => rewrite(request, remoteAddr.hostname),
  );
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
