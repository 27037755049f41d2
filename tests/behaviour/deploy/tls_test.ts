import assert from "node:assert/strict";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { type DocumentedProxy, findServers } from "./proxies.ts";
import { PROJECT_HOST, startTlsProject, type TlsProject } from "./tls_project.ts";

const servers = await findServers();

/** A machine's resolver, and the certificates that it trusts. */
function replacedIn(name: string, { resolver, certificatePath }: TlsProject) {
  return name === "nginx"
    ? {
      "127.0.0.53": resolver,
      "/etc/ssl/certs/ca-certificates.crt": certificatePath,
    }
    : {
      "transport http {":
        `transport http {\n\t\t\t\tresolvers udp/${resolver}\n\t\t\t\ttls_trusted_ca_certs ${certificatePath}`,
    };
}

async function askThrough(proxy: DocumentedProxy, project: TlsProject): Promise<number> {
  await using running = await proxy.start({
    port: findFreePort(),
    upstream: `https://${PROJECT_HOST}:${project.port}`,
    secret: "secret",
    replaced: replacedIn(proxy.name, project),
  });
  const response = await fetch(`${running.baseUrl}/functions/v1/unified-auth/health`);
  await response.body?.cancel();
  return response.status;
}

for (const proxy of servers) {
  Deno.test(`${proxy.name} looks the project up, and asks for it by name in TLS and in Host`, async () => {
    await using project = await startTlsProject();
    assert.equal(await askThrough(proxy, project), 200);
    assert.deepEqual(project.serverNames, [PROJECT_HOST]);
    assert.deepEqual(project.hosts, [PROJECT_HOST]);
  });

  Deno.test(`${proxy.name} hands nothing to a server whose certificate is for another name`, async () => {
    await using project = await startTlsProject("another.supabase.co");
    assert.equal(await askThrough(proxy, project), 502);
    assert.deepEqual(project.hosts, []);
  });
}
