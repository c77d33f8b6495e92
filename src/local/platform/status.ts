import path from 'node:path';
import type { Node, Pod } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { textTable } from '../../util/text-table.ts';
import { type LocalConfig, UserError, apiUrl, places, readConfig, s3Url } from './config.ts';
import { connect } from './connect.ts';
import { parseOptions } from './options.ts';
import { liveRecords } from './processes.ts';
import { isTrue } from './ready.ts';
import { roles } from './roles.ts';
import { supervisorName } from './shutdown.ts';

const apiTimeout = 5_000;

interface ClusterObject extends KubeObject {
  spec?: { instances?: number };
  status?: { readyInstances?: number; phase?: string; currentPrimary?: string };
}

async function objects(api: KubeApi): Promise<string> {
  const signal = AbortSignal.timeout(apiTimeout);
  const [nodes, pods, clusters] = await Promise.all([
    api.list<Node>(resource.nodes, { signal }),
    api.list<Pod>(resource.pods, { signal }),
    api.list<ClusterObject>(resource.clusters, { signal }).catch(() => ({ items: [] as ClusterObject[] })),
  ]);
  const nodeRows = nodes.items.map((it) => [
    it.metadata?.name ?? '',
    isTrue(it.status?.conditions, 'Ready') ? 'Ready' : 'NotReady',
  ]);
  const podRows = pods.items.map((it) => [
    `${it.metadata?.namespace}/${it.metadata?.name}`,
    it.status?.phase ?? '',
    isTrue(it.status?.conditions, 'Ready') ? 'ready' : 'not ready',
    it.spec?.nodeName ?? '-',
    it.status?.podIP ?? '-',
  ]);
  const clusterRows = clusters.items.map((it) => [
    `${it.metadata?.namespace}/${it.metadata?.name}`,
    `${it.status?.readyInstances ?? 0}/${it.spec?.instances ?? 0}`,
    it.status?.currentPrimary ?? '-',
    it.status?.phase ?? '-',
  ]);
  return [
    textTable([['NODE', 'STATUS'], ...nodeRows]),
    textTable([['POD', 'PHASE', 'READY', 'NODE', 'ADDRESS'], ...podRows]),
    textTable([['CLUSTER', 'READY', 'PRIMARY', 'PHASE'], ...clusterRows]),
  ].join('\n\n');
}

async function processRows(config: LocalConfig): Promise<string[][]> {
  const live = await liveRecords(places(config).run);
  return [supervisorName, ...roles(config).map((role) => role.name)].map((name) => {
    const record = live.get(name);
    return [name, record ? String(record.pid) : '-', record ? 'running' : 'stopped'];
  });
}

/** Exit code 0 when every process runs and the API server answers, else 1. */
export async function main(args: string[]): Promise<number> {
  const { data } = parseOptions(args, {});
  const config = await readConfig(data);
  if (!config) throw new UserError(`no platform in ${path.resolve(data)}`);
  const rows = await processRows(config);
  process.stdout.write(`${textTable([['PROCESS', 'PID', 'STATE'], ...rows])}\n\n`);
  process.stdout.write(`API server ${apiUrl(config)}\nS3 store   ${s3Url(config)}\n\n`);
  if (rows.every((row) => row[2] === 'stopped')) return 1;
  try {
    await using api = await connect(config, 'admin');
    process.stdout.write(`${await objects(api)}\n`);
  } catch (error) {
    process.stdout.write(`The API server does not answer: ${(error as Error).message}\n`);
    return 1;
  }
  return rows.every((row) => row[2] === 'running') ? 0 : 1;
}
