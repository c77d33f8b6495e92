// A thread that plays: the product's modules are loaded here, over the simulated machines.
import { parentPort, workerData } from 'node:worker_threads';
import { interpose, type Plant } from './interpose.ts';
import type { PlayOptions } from './play.ts';

interface Work {
  readonly plant?: Plant;
}

interpose((workerData as Work | undefined)?.plant);
const { play } = await import('./play.ts');
parentPort?.on('message', (options: PlayOptions) => {
  void play(options).then((outcome) => parentPort?.postMessage(outcome));
});
