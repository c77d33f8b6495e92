import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { admit, type AdmissionSettings } from './admission.ts';

export interface WebhookServerOptions extends AdmissionSettings {
  readonly bind: string;
  readonly port: number;
  readonly certificate: { readonly certificate: string; readonly key: string };
  readonly ready: () => boolean;
  readonly onError: (path: string, error: unknown) => void;
}

export interface WebhookServer extends AsyncDisposable {
  /** New connections get this certificate. */
  useCertificate(certificate: { readonly certificate: string; readonly key: string }): void;
  readonly port: number;
}

const bodyLimit = 8 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** /readyz, /healthz and the admission webhooks, over TLS. */
export async function serveWebhooks(options: WebhookServerOptions): Promise<WebhookServer> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path === '/healthz') return void response.writeHead(200).end('ok');
    if (path === '/readyz')
      return void response.writeHead(options.ready() ? 200 : 503).end(options.ready() ? 'ok' : 'starting');
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const answer = admit(path, JSON.parse(await readBody(request)), options);
    if (answer === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  const server = https.createServer(
    { cert: options.certificate.certificate, key: options.certificate.key, minVersion: 'TLSv1.2' },
    (request, response) => {
      handle(request, response).catch((error: unknown) => {
        options.onError(request.url ?? '', error);
        if (!response.headersSent) response.writeHead(400);
        response.end();
      });
    },
  );
  server.headersTimeout = 10_000;
  server.requestTimeout = 20_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.bind, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    useCertificate: ({ certificate, key }) => server.setSecureContext({ cert: certificate, key }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
