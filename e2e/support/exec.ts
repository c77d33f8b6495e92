import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Exec, KubeConfig, type V1Status } from '@kubernetes/client-node';
import type { Platform } from './platform.ts';

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a container, as `kubectl exec` does. */
export async function exec(
  platform: Pick<Platform, 'kubeconfig'>,
  namespace: string,
  pod: string,
  container: string,
  command: string[],
): Promise<ExecResult> {
  const config = new KubeConfig();
  config.loadFromFile(platform.kubeconfig);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([text(stdout), text(stderr)]);
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, pod, container, command, stdout, stderr, null, false, resolve)
      .then((socket) => socket.on('close', () => resolve({ status: 'Failure', message: 'connection closed' })), reject);
  });
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  return { code: status.status === 'Success' ? 0 : Number(cause?.message ?? -1), stdout: out, stderr: err };
}

/** Ends the instance manager of a pod with SIGKILL; its supervisor starts it again. */
export async function killManager(platform: Platform, namespace: string, pod: string): Promise<void> {
  // HOWDAH_ROOT is empty in a container. Every word is fixed text: nothing from outside reaches this shell.
  const script = 'kill -9 "$(cat "${HOWDAH_ROOT:-}/controller/supervisor/manager.pid")"';
  const { code, stderr } = await exec(platform, namespace, pod, 'postgres', ['bash', '-c', script]);
  if (code !== 0) throw new Error(`killing the manager of ${pod}: ${stderr}`);
}

/** Ends PostgreSQL of a pod with SIGKILL to its postmaster. */
export async function killPostgres(platform: Platform, namespace: string, pod: string): Promise<void> {
  const script = 'kill -9 "$(cat "${HOWDAH_ROOT:-}/controller/supervisor/postgres.pid")"';
  const { code, stderr } = await exec(platform, namespace, pod, 'postgres', ['bash', '-c', script]);
  if (code !== 0) throw new Error(`killing PostgreSQL of ${pod}: ${stderr}`);
}
