// The process of a test node. Its images are the machine's own programs; "none" is an image that does not exist.
import { readFileSync } from 'node:fs';
import { createKubeClient } from '../../../kube/client.ts';
import type { Log } from '../pod/context.ts';
import { runNodeParts } from '../run.ts';
import type { NodeSettings } from './settings.ts';

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as NodeSettings;
const write = (fields: object, message: string): void =>
  void process.stdout.write(`${message} ${JSON.stringify(fields)}\n`);
const log: Log = { info: write, warn: write };
const stop = new AbortController();
const halt = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGUSR2', () => halt.abort());
await using api = createKubeClient({ server: settings.server, ...settings.tls });
const images = {
  resolve: async (image: string) => {
    if (image === 'none') throw new Error('no image "none" on this machine');
    return { path: [], links: {} };
  },
};
const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '6443' };
await runNodeParts({ ...settings, api, images, environment, log }, stop.signal, halt.signal, () =>
  process.stdout.write(`serves ${process.pid}\n`),
);
