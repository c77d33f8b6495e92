// Puts the simulated machines under the product's code: where it asks Node for files, timers, connections and ids it gets theirs. Not
// a line of the product is written for it, so whatever it comes to await is simulated too.
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { stage, theWorld } from './stage.ts';

const here = (name: string): string => new URL(`builtins/${name}.ts`, import.meta.url).href;
const source = (name: string): string => new URL(`../../${name}`, import.meta.url).href;

const builtins: Readonly<Record<string, string>> = {
  'node:fs': here('fs'),
  'node:fs/promises': here('fs-promises'),
  'node:timers/promises': here('timers-promises'),
  'node:crypto': here('crypto'),
  'node:https': here('https'),
};

const modules: Readonly<Record<string, string>> = {
  [source('instance/sql/session.ts')]: here('session'),
  [source('instance/certificates.ts')]: here('certificates'),
  [source('instance/programs/find.ts')]: here('programs'),
  [source('instance/replication/clone.ts')]: here('clone'),
  [source('instance/replication/slot.ts')]: here('slot'),
  [source('instance/ha/synchronous/wal-end.ts')]: here('wal-end'),
  [source('instance/ha/knock.ts')]: here('knock'),
  [source('operator/cluster/phases/ensure-secrets.ts')]: here('ensure-secrets'),
  [source('operator/cluster/phases/validate.ts')]: here('validate'),
};

/** A change of one source file, to plant a bug. */
export interface Plant {
  /** Below src or state-machines, as the repository has it. */
  readonly file: string;
  readonly find: RegExp;
  readonly replace: string;
}

/** What of the simulation stands in for the product's own entry points. */
const programs = ['/simulation/manager.ts', '/simulation/operator/program.ts'];

const isProduct = (url: string | undefined): boolean =>
  url !== undefined &&
  url.includes('/src/') &&
  !url.includes('/node_modules/') &&
  (!url.includes('/testing/simulation/') || programs.some((program) => url.endsWith(program)));

/** Once in a thread, before the first module of the product is loaded. */
export function interpose(plant?: Plant): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (!isProduct(context.parentURL)) return next(specifier, context);
      const builtin = builtins[specifier];
      if (builtin !== undefined) return { url: builtin, shortCircuit: true };
      const resolved = next(specifier, context);
      const url = modules[resolved.url];
      return url === undefined ? resolved : { ...resolved, url };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      if (!plant || !url.startsWith('file:') || !fileURLToPath(url).endsWith(`/${plant.file}`)) return loaded;
      const text = Buffer.from(loaded.source as Uint8Array).toString();
      if (!plant.find.test(text)) throw new Error(`nothing in ${plant.file} is like ${plant.find}`);
      return { ...loaded, source: text.replace(plant.find, plant.replace) };
    },
  });
  replaceGlobals();
}

function replaceGlobals(): void {
  const RealDate = Date;
  class SimulatedDate extends RealDate {
    constructor(...values: [] | [number | string | Date]) {
      if (values.length === 0 && stage.world) super(theWorld().wallClock());
      else super(...(values as [number]));
    }
    static override now(): number {
      return stage.world ? stage.world.wallClock() : RealDate.now();
    }
  }
  const timer = (run: (...values: unknown[]) => void, milliseconds = 0, ...values: unknown[]): unknown =>
    theWorld().timer(milliseconds, () => run(...values));
  const clear = (handle: { cancel?: () => void } | undefined): void => handle?.cancel?.();
  const realKill = process.kill.bind(process);
  Object.assign(globalThis, { Date: SimulatedDate, setTimeout: timer, clearTimeout: clear });
  Object.assign(AbortSignal, { timeout: (milliseconds: number) => theWorld().abortAfter(milliseconds) });
  Object.assign(performance, { now: () => theWorld().clock?.bootTime() ?? theWorld().scheduler.now });
  // Files that are not there are asked for all the time.
  Error.stackTraceLimit = 0;
  Math.random = () => theWorld().random.next();
  Object.assign(process, {
    kill: (pid: number, signal: NodeJS.Signals) =>
      stage.world ? stage.world.here().signal(pid, signal) : realKill(pid, signal),
  });
}
