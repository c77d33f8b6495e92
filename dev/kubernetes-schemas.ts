// Takes the schemas of the Kubernetes types that our kinds embed from a running API server, and writes the trimmed copy that the
// repository keeps: `node dev/kubernetes-schemas.ts https://HOST:PORT TOKEN` (a token that may read /openapi/v3). Run it when the
// supported Kubernetes version moves; `npm run generate` never needs a server.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { embeddedTypes } from '../src/api/kubernetes/embedded.ts';
import { structural, type OpenApiSchema } from '../src/api/kubernetes/structural.ts';

const [server, token] = process.argv.slice(2);
if (!server || !token) {
  process.stderr.write('usage: node dev/kubernetes-schemas.ts SERVER TOKEN\n');
  process.exit(2);
}
// The server is one that the caller started by hand, with a certificate nobody signed.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

interface OpenApiDocument {
  components: { schemas: Record<string, OpenApiSchema> };
}

async function read(apiPath: string): Promise<unknown> {
  const response = await fetch(server + apiPath, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`${apiPath}: HTTP ${response.status}`);
  return response.json();
}

const definitions: Record<string, OpenApiSchema> = {};
for (const group of ['api/v1', 'apis/apps/v1']) {
  Object.assign(definitions, ((await read(`/openapi/v3/${group}`)) as OpenApiDocument).components.schemas);
}
const { gitVersion } = (await read('/version')) as { gitVersion: string };

const types: Record<string, unknown> = {};
for (const name of Object.keys(embeddedTypes).sort()) {
  types[name] = structural(definitions, embeddedTypes[name as keyof typeof embeddedTypes]);
}
const file = path.join(import.meta.dirname, '..', 'src', 'api', 'generated', 'kubernetes.json');
writeFileSync(file, `${JSON.stringify({ kubernetes: gitVersion, types }, null, 1)}\n`);
process.stdout.write(
  `${path.relative(process.cwd(), file)}: ${Object.keys(types).length} types of Kubernetes ${gitVersion}\n`,
);
