// `npm run soak -- --minutes N`: load and a fault of the catalogue by chance every 20 s, in chapters of a few minutes; between them what
// was acknowledged is checked, what there is is counted, and a backup is restored to the end of the chapter.
import { randomInt } from 'node:crypto';
import { loadavg, networkInterfaces } from 'node:os';
import { parseArgs } from 'node:util';
import { Random } from '../../src/testing/simulation/random.ts';
import { createBucket } from '../support/bucket.ts';
import { createCluster } from '../support/cluster.ts';
import { keepLogs } from '../support/evidence.ts';
import { settled } from '../support/faults/settled.ts';
import { type StoreProxy, storeProxy } from '../support/faults/store-proxy.ts';
import { type Platform, localPlatform, remotePlatform } from '../support/platform.ts';
import { openNamespace, openShared, tellShared } from '../support/shared.ts';
import { Subject } from '../support/subject.ts';
import { waitFor } from '../support/wait.ts';
import { archiveSection, quietBackup, remember, restoreTo } from './backups.ts';
import { type SoakFault, catalogue } from './catalogue.ts';
import { type Chapter, type Soak, chapter } from './chapter.ts';
import { type Inventory, type LeftOver, leaks, takeInventory, text } from './inventory.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    engine: { type: 'string', default: 'local' },
    mode: { type: 'string', default: 'synchronous' },
    seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
    every: { type: 'string', default: '20' },
    only: { type: 'string' },
    kubeconfig: { type: 'string', default: process.env['KUBECONFIG'] ?? '' },
    's3-endpoint': { type: 'string' },
    image: { type: 'string', default: 'ghcr.io/cloudnative-pg/postgresql:18' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `usage: npm run soak [-- OPTIONS]
  --minutes N           how long (10)
  --engine NAME         local, the embedded one, or kubeconfig, a Kubernetes where the operator is installed, and whose pods and services
                        this machine reaches by their addresses (npm run e2e:kube -- --soak N makes one):
  --kubeconfig FILE       of that Kubernetes ($KUBECONFIG)
  --s3-endpoint URL       a store that its pods and this machine reach; credentials from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; only
                          one on an address of this machine has faults of its own
  --image NAME            PostgreSQL image there (${options.image})
  --mode NAME           synchronous: nothing may be lost, or asynchronous
  --seed N              of everything that is left to chance; it is said at the beginning
  --every N             seconds from one fault to the next (20)
  --only TEXT           faults whose name has this text in it
The exit code is 0 when nothing was lost, doubled or leaked and every backup between the chapters was restored.
`;

/** Faults in a chapter: about three minutes. */
const length = 9;

async function open(): Promise<Platform> {
  if (process.env['HOWDAH_E2E'] !== undefined) return openShared();
  if (options.engine === 'local') return told(await localPlatform());
  if (options.engine !== 'kubeconfig')
    throw new Error(`--engine is ${options.engine}, and is to be local or kubeconfig`);
  return told(remotePlatform(options));
}

/** The faults ask what the platform is. */
function told<P extends Platform>(platform: P): P {
  tellShared(platform);
  return platform;
}

async function makeCluster(platform: Platform, namespace: string, endpoint: string): Promise<Subject> {
  const proxied = { ...platform, objectStore: { ...platform.objectStore, endpoint } };
  const synchronous = { method: 'any', number: 1, dataDurability: 'required' };
  await createCluster(platform, namespace, 'soak', {
    instances: 3,
    storage: { size: '2Gi' },
    enableSuperuserAccess: true,
    backup: { barmanObjectStore: archiveSection({ platform: proxied, namespace }) },
    ...(options.mode === 'synchronous' ? { postgresql: { synchronous } } : {}),
  });
  return new Subject(platform, namespace, 'soak');
}

/** What stands before the store for this cluster, where its pods reach an address of this machine. */
async function before(endpoint: string): Promise<StoreProxy | undefined> {
  const { hostname } = new URL(endpoint);
  // A whole network of addresses belongs to the loopback interface, which lists the first one.
  const ours = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  return hostname.startsWith('127.') || ours.includes(hostname) ? storeProxy(endpoint) : undefined;
}

/** What there is once it is no more than at first; what was deleted a moment ago may be going still. */
async function countedAgain(subject: Subject, first: Inventory, leftOver: LeftOver): Promise<Inventory> {
  let found: string[] = [];
  const nothingLeaks = async (): Promise<Inventory | undefined> => {
    const now = await takeInventory(subject, leftOver);
    found = leaks(first, now);
    return found.length === 0 ? now : undefined;
  };
  return waitFor('what there is too much of to go', nothingLeaks, { every: 2000 }).catch((error: unknown) => {
    throw found.length > 0 ? new Error(`too much: ${found.join(', ')}`) : error;
  });
}

function draw(random: Random, from: readonly SoakFault[]): SoakFault[] {
  return Array.from({ length }, () => from[random.integer(0, from.length - 1)]).filter((fault) => fault !== undefined);
}

/** Adds to `chapters` what was done until `until`. */
async function play(soak: Soak, faults: readonly SoakFault[], until: number, chapters: Chapter[]): Promise<void> {
  const { subject, say } = soak;
  await settled(subject.platform, subject.namespace, subject.cluster);
  await quietBackup(subject, 'first');
  const leftOver: LeftOver = new Map();
  const first: Inventory = await takeInventory(subject, leftOver);
  say(text(first));
  while (performance.now() < until) {
    const number = chapters.length + 1;
    const done = await chapter(soak, number, draw(soak.random, faults));
    chapters.push(done);
    say(
      `chapter ${number}: ${done.acknowledged} acknowledged, ${done.lost} lost, load ${Math.round(loadavg()[1] ?? 0)}`,
    );
    const moment = await remember(subject, `load_${number}`);
    await restoreTo(subject, moment, `restored-${number}`);
    say(`restored to ${moment.at}: ${moment.rows} rows, equal`);
    await quietBackup(subject, `after-${number}`);
    say(text(await countedAgain(subject, first, leftOver)));
  }
}

function summary(chapters: readonly Chapter[]): string {
  const gaps = Map.groupBy(
    chapters.flatMap((each) => each.gaps),
    ({ fault }) => fault,
  );
  const lines = [...gaps].sort().map(([fault, all]) => {
    const worst = Math.max(...all.map(({ milliseconds }) => milliseconds));
    return `  ${fault}: ${all.length} times, at most ${(worst / 1000).toFixed(1)} s without a write`;
  });
  const total = (what: 'acknowledged' | 'lost'): number => chapters.reduce((sum, each) => sum + each[what], 0);
  return `${lines.join('\n')}\n${chapters.length} chapters, ${total('acknowledged')} acknowledged, ${total('lost')} lost\n`;
}

async function main(): Promise<void> {
  const { mode } = options;
  if (mode !== 'synchronous' && mode !== 'asynchronous')
    throw new Error(`--mode is ${mode}, and is to be synchronous or asynchronous`);
  const minutes = Number(options.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes is "${options.minutes}", and is to be a number above 0`);
  const start = performance.now();
  const say = (line: string): void => {
    process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
  };
  await using platform = await open();
  say(`seed ${options.seed}, ${mode}, ${platform.engine}`);
  await createBucket(platform.objectStore);
  await using archive = await before(platform.objectStore.endpoint);
  await using namespace = await openNamespace(platform, 'soak');
  const subject = await makeCluster(platform, namespace.name, archive?.endpoint ?? platform.objectStore.endpoint);
  const faults = catalogue(archive).filter(({ name }) => name.includes(options.only ?? ''));
  if (faults.length === 0) throw new Error(`no fault has "${options.only}" in its name`);
  const random = new Random(Number(options.seed));
  const soak: Soak = { subject, random, mode, everyMs: Number(options.every) * 1000, say };
  const interrupted = Promise.withResolvers<never>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.reject(new Error(`ended by ${signal}`)));
  const chapters: Chapter[] = [];
  try {
    const until = performance.now() + minutes * 60_000;
    await Promise.race([play(soak, faults, until, chapters), interrupted.promise]);
  } catch (error) {
    say(`logs in ${await keepLogs(platform, subject.namespace).catch(String)}`);
    throw error;
  } finally {
    process.stdout.write(summary(chapters));
  }
}

if (options.help) process.stdout.write(usage);
else {
  await main().catch((error: unknown) => {
    process.stderr.write(
      `\nsoak failed, seed ${options.seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  });
  // What an interrupted run still waits for is not waited for.
  process.exit();
}
