import { type LocalConfig, places } from './config.ts';
import { type RunRecord, endProcess, liveRecords, removeRecord, sendSignal, waitForEnd } from './processes.ts';
import { roles } from './roles.ts';
import { sweep } from './sweep.ts';

export const supervisorName = 'supervisor';

/** A node told so stops its containers in good order, keeps their Pod objects, and ends. */
const stopContainers: NodeJS.Signals = 'SIGUSR2';
/** A node told so ends and leaves its containers running; the next one adopts them. */
const leaveContainers: NodeJS.Signals = 'SIGTERM';
const nodesGrace = 45_000;
const processGrace = 5_000;

/** Ends every process of the platform but the supervisor; containers too, in good order, if `containers`. */
export async function endProcesses(config: LocalConfig, containers: boolean): Promise<void> {
  const run = places(config).run;
  const live = await liveRecords(run);
  live.delete(supervisorName);
  const nodes = new Set(config.nodes);
  const take = (wanted: (name: string) => boolean): [string, RunRecord][] => [...live].filter(([name]) => wanted(name));
  const end = async ([name, record]: [string, RunRecord], signal: NodeJS.Signals, grace: number): Promise<void> => {
    await endProcess(record, signal, grace);
    await removeRecord(run, name);
  };
  // Nobody is to schedule or evict while the nodes empty themselves.
  await Promise.all(take((name) => name === 'controllers').map((it) => end(it, 'SIGTERM', processGrace)));
  const [nodeSignal, nodeGrace] = containers ? [stopContainers, nodesGrace] : [leaveContainers, processGrace];
  // A frozen node must run to obey; one that does not end in time is killed and its containers are swept up.
  await Promise.all(take((name) => nodes.has(name)).map(([, record]) => sendSignal(record, 'SIGCONT')));
  await Promise.all(take((name) => nodes.has(name)).map((it) => end(it, nodeSignal, nodeGrace)));
  if (containers) await sweep(config);
  const rest = roles(config)
    .filter((role) => !role.node)
    .reverse();
  for (const { name } of rest)
    await Promise.all(take((it) => it === name).map((it) => end(it, 'SIGTERM', processGrace)));
  // What an older configuration started and this one does not know.
  const known = new Set(roles(config).map((role) => role.name));
  await Promise.all(take((name) => !known.has(name)).map((it) => end(it, 'SIGTERM', processGrace)));
}

/** Stops the whole platform, whether its supervisor lives or not. */
export async function shutDown(config: LocalConfig): Promise<void> {
  const run = places(config).run;
  const supervisor = (await liveRecords(run)).get(supervisorName);
  if (supervisor) {
    await sendSignal(supervisor, 'SIGTERM');
    // It needs at most its own 60 s; if it does not end, we do its work.
    if (!(await waitForEnd(supervisor, 62_000))) await endProcess(supervisor, 'SIGKILL', 5_000);
  }
  await endProcesses(config, true);
  await removeRecord(run, supervisorName);
}
