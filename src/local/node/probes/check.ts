import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { execIn, type ContainerContext } from '../container/exec.ts';
import type { Container, Handler, HttpGet } from '../model/types.ts';

export interface Checked {
  readonly ok: boolean;
  readonly message: string;
}

function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? Number(port);
}

/** The certificate is not looked at, as with a kubelet: the probe asks for health, not for identity. */
function httpCheck(get: HttpGet, address: string, container: Container, signal: AbortSignal): Promise<Checked> {
  const secure = get.scheme === 'HTTPS';
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const options = {
    host: get.host ?? address,
    port: portNumber(get.port, container),
    path: get.path ?? '/',
    headers: { 'User-Agent': 'kube-probe/howdah', Accept: '*/*', Connection: 'close', ...headers },
    rejectUnauthorized: false,
    agent: false,
    signal,
  };
  return new Promise((resolve) => {
    const request = (secure ? https : http).get(options, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body.length < 1024 ? (body += chunk.toString('utf8')) : undefined));
      response.on('error', (error) => resolve({ ok: false, message: error.message }));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const ok = status >= 200 && status < 400;
        const text = body.slice(0, 500).trim();
        resolve({ ok, message: ok ? '' : `HTTP probe failed with statuscode: ${status}${text ? `: ${text}` : ''}` });
      });
    });
    request.on('error', (error) =>
      resolve({ ok: false, message: `${options.host}:${options.port}: ${error.message}` }),
    );
  });
}

function tcpCheck(host: string, port: number, signal: AbortSignal): Promise<Checked> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (checked: Checked): void => {
      signal.removeEventListener('abort', cut);
      socket.destroy();
      resolve(checked);
    };
    const cut = (): void => end({ ok: false, message: `dial tcp ${host}:${port}: i/o timeout` });
    signal.addEventListener('abort', cut, { once: true });
    socket.on('connect', () => end({ ok: true, message: '' }));
    socket.on('error', (error) => end({ ok: false, message: error.message }));
  });
}

/** Performs one probe or lifecycle handler, within the signal's time. */
export async function check(
  handler: Handler,
  container: Container,
  address: string,
  context: () => ContainerContext,
  signal: AbortSignal,
): Promise<Checked> {
  if (handler.httpGet) {
    const checked = await httpCheck(handler.httpGet, address, container, signal);
    return signal.aborted ? { ok: false, message: 'no answer within the time limit' } : checked;
  }
  if (handler.tcpSocket) {
    const { host = address, port } = handler.tcpSocket;
    return tcpCheck(host, portNumber(port, container), signal);
  }
  if (!handler.exec) return { ok: true, message: '' };
  const { code, output } = await execIn(context(), handler.exec.command ?? [], signal);
  if (code === undefined) return { ok: false, message: 'command timed out' };
  return { ok: code === 0, message: output.trim() };
}
