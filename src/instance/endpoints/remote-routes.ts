import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ProbeAnswer } from '../status/probes.ts';
import { json, text, type Answer, type Handler, type Routes } from '../http/respond.ts';

export interface RemoteDeps {
  readonly status: () => Promise<unknown>;
  readonly ready: () => Promise<ProbeAnswer>;
  readonly started: () => Promise<ProbeAnswer>;
  readonly live: () => Promise<ProbeAnswer>;
  readonly controlData: () => Promise<unknown>;
  /** SHA-256 of the only client certificate that may do more than look. */
  readonly operatorFingerprint: () => string | undefined;
}

const probe = (answer: ProbeAnswer): Answer => text(answer.ok ? 200 : 500, answer.reason);
const normalized = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();

/** 401 without a client certificate, 503 with another than the operator's (reference §2.1). */
export function authorize(request: IncomingMessage, expected: string | undefined): Answer | undefined {
  const certificate = (request.socket as TLSSocket).getPeerCertificate();
  if (!certificate.fingerprint256) return text(401, 'a client certificate is needed');
  if (expected === undefined || normalized(certificate.fingerprint256) !== normalized(expected)) {
    return text(503, "the client certificate is not the operator's");
  }
  return undefined;
}

/** What the operator, the kubelet and other instances may ask over HTTPS. */
export function remoteRoutes(deps: RemoteDeps): Routes {
  const operatorOnly =
    (handler: Handler): Handler =>
    (url, request, signal) =>
      authorize(request, deps.operatorFingerprint()) ?? handler(url, request, signal);
  return {
    'GET /healthz': async () => probe(await deps.live()),
    'GET /readyz': async () => probe(await deps.ready()),
    'GET /startupz': async () => probe(await deps.started()),
    'GET /failsafe': () => text(200, 'OK'),
    'GET /pg/status': async () => json(200, await deps.status()),
    'GET /pg/controldata': operatorOnly(async () => json(200, { data: await deps.controlData() })),
  };
}
