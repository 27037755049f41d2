/**
 * A stand-in of the part of Supabase's management API that `functions deploy --use-api` calls: it takes
 * the uploads and keeps them. Its answers have the fields that the CLI checks and nothing of a real
 * deployment's; it bundles nothing.
 *
 * @module
 */

import * as z from "zod";

/** A function as a deploy describes it. */
const metadataSchema = z.object({
  name: z.string(),
  entrypoint_path: z.string(),
  import_map_path: z.string(),
  verify_jwt: z.boolean(),
});

export interface UploadedFunction {
  readonly metadata: z.output<typeof metadataSchema>;
  /** Contents by path, as uploaded. */
  readonly files: ReadonlyMap<string, string>;
}

export interface ManagementApi extends AsyncDisposable {
  readonly url: string;
  /** In the order of their arrival. */
  readonly uploaded: readonly UploadedFunction[];
}

export function startManagementApi(): ManagementApi {
  const uploaded: UploadedFunction[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      if (new URL(request.url).pathname.endsWith("/functions/deploy")) {
        const upload = await readUpload(await request.formData());
        uploaded.push(upload);
        return Response.json(described(upload), { status: 201 });
      }
      await request.body?.cancel();
      return Response.json(request.method === "PUT" ? { functions: [] } : {});
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    uploaded,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function readUpload(form: FormData): Promise<UploadedFunction> {
  const files = new Map<string, string>();
  for (const file of form.getAll("file")) {
    if (file instanceof File) files.set(file.name, await file.text());
  }
  const metadata = metadataSchema.parse(JSON.parse(String(form.get("metadata"))));
  return { metadata, files };
}

function described({ metadata: { name, entrypoint_path, verify_jwt } }: UploadedFunction) {
  return {
    id: crypto.randomUUID(),
    slug: name,
    name,
    version: 1,
    status: "ACTIVE",
    created_at: 0,
    updated_at: 0,
    verify_jwt,
    import_map: true,
    entrypoint_path,
    ezbr_sha256: "",
  };
}
