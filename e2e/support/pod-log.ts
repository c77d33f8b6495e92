import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { KubeConfig, Log } from '@kubernetes/client-node';
import type { PodName } from './faults/processes.ts';

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly msg?: string;
  readonly rule?: string;
  readonly epoch?: number;
}

/** What the instance manager of a pod has said since its container started, line by line. */
export async function podLog({ platform, namespace, pod }: PodName): Promise<LogLine[]> {
  const config = new KubeConfig();
  config.loadFromFile(platform.kubeconfig);
  const stream = new PassThrough();
  const lines = text(stream);
  await new Log(config).log(namespace, pod, 'postgres', stream, { follow: false });
  return (await lines).split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const { ts, ...said } = JSON.parse(line) as Omit<LogLine, 'at'> & { ts: string };
    return [{ ...said, at: Date.parse(ts) }];
  });
}
