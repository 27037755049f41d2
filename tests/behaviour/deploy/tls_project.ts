/**
 * A project with a host name, a certificate and a resolver, for the lines of a configuration that
 * speak of TLS. Tells which name a proxy asked for, in the handshake and in `Host`.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { type AddressInfo } from "node:net";
import { once } from "node:events";
import { findProgram } from "../../../local/platform/find_program.ts";

export const PROJECT_HOST = "abcdefghijklmnopqrst.supabase.co";

export interface TlsProject extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:<port>` of a DNS server that knows nothing but 127.0.0.1. */
  readonly resolver: string;
  /** Its self-signed certificate. */
  readonly certificatePath: string;
  /** The names of the handshakes and of the requests, in their order. */
  readonly serverNames: readonly string[];
  readonly hosts: readonly string[];
}

/** @param certifiedName what the certificate is for. @default {PROJECT_HOST} */
export async function startTlsProject(certifiedName = PROJECT_HOST): Promise<TlsProject> {
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-tls-" });
  await Deno.chmod(directory, 0o755);
  const [certificatePath, keyPath] = [`${directory}/cert.pem`, `${directory}/key.pem`];
  await makeCertificate({ certifiedName, certificatePath, keyPath });
  const hosts: string[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(certificatePath),
    key: await Deno.readTextFile(keyPath),
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, ({ url }) => {
    hosts.push(new URL(url).hostname); // from Host, or from what HTTP/2 has in its place
    return Response.json({ status: "ok" });
  });
  const serverNames: string[] = [];
  const reader = startServerNameReader(server.addr.port, (name) => serverNames.push(name));
  const resolver = await startResolver();
  return {
    port: reader.port,
    resolver: resolver.address,
    certificatePath,
    serverNames,
    hosts,
    async [Symbol.asyncDispose]() {
      await reader.close();
      await server.shutdown();
      await resolver.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function makeCertificate(
  { certifiedName, certificatePath, keyPath }: {
    readonly certifiedName: string;
    readonly certificatePath: string;
    readonly keyPath: string;
  },
): Promise<void> {
  const openssl = await findProgram("openssl") ?? "openssl";
  const { success, stderr } = await new Deno.Command(openssl, {
    args: [
      ...["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=a project"],
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-addext", `subjectAltName=DNS:${certifiedName}`],
      ...["-keyout", keyPath, "-out", certificatePath],
    ],
  }).output();
  if (!success) throw new TypeError(new TextDecoder().decode(stderr));
}

/** Hands bytes on to `port`, and reads the name that each handshake asks for: it is not encrypted. */
function startServerNameReader(port: number, onName: (name: string) => void) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const outer of listener) connections.push(handOn(outer, { port, onName }));
  })();
  return {
    port: listener.addr.port,
    async close() {
      listener.close();
      await accepting;
      await Promise.allSettled(connections);
    },
  };
}

async function handOn(
  outer: Deno.Conn,
  { port, onName }: { readonly port: number; readonly onName: (name: string) => void },
): Promise<void> {
  const inner = await Deno.connect({ hostname: "127.0.0.1", port });
  const hello = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      const [name] = /[\w-]+\.supabase\.co/.exec(new TextDecoder("latin1").decode(chunk)) ?? [];
      if (name !== undefined) onName(name);
      controller.enqueue(chunk);
    },
  });
  await Promise.allSettled([
    outer.readable.pipeThrough(hello).pipeTo(inner.writable),
    inner.readable.pipeTo(outer.writable),
  ]);
}

/** Answers every question for an IPv4 address with 127.0.0.1, and every other one with nothing. */
async function startResolver() {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => socket.send(answerTo(query), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

/** RFC 1035 section 4: the question comes back, and behind it one record that points to its name. */
function answerTo(query: Uint8Array): Uint8Array {
  const end = query.indexOf(0, 12) + 5; // the name, its end, type and class
  const question = query.slice(12, end);
  const isAddress = question[question.length - 3] === 1;
  const record = isAddress ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1] : [];
  const header = [query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...question, ...record]);
}
