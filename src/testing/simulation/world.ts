import { port } from '../../naming.ts';
import type { InstanceEnvironment } from '../../instance/world/environment.ts';
import { UnknownStatement, answer } from './answers.ts';
import { ApiServer } from './api-server.ts';
import type { Change } from './api-store.ts';
import type { Files } from './files.ts';
import { Machine, trueStart } from './machine.ts';
import { type ManagerOptions, type Program } from './manager.ts';
import { clusterName, namespace } from './names.ts';
import type { Mode } from './modes.ts';
import { type Host, Network } from './network.ts';
import { Random } from './random.ts';
import { type Cancel, type Process, Scheduler } from './scheduler.ts';
import { serveRequest } from './serve-request.ts';
import type { Server, Witness } from './server.ts';
import { simulatedLogger, supervisorOf } from './surroundings.ts';
import type { Wal } from './wal.ts';

/** What a process has of time, by where it runs. */
export interface Clock {
  /** Of its own time in true time. */
  readonly rate: number;
  wallClock(): number;
  /** Milliseconds. */
  bootTime(): number;
}

/** What can be done to the operator. */
export interface OperatorPods {
  kill(): void;
  freeze(milliseconds: number): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly instances: number;
  readonly mode: Mode;
  readonly witness: Witness;
  readonly onChange: (change: Change) => void;
  readonly start: (options: ManagerOptions) => Program;
  /** A line of the transcript. */
  readonly note: (home: string, text: string) => void;
  readonly told: 'nothing' | 'much' | 'all';
}

/** Everything around the product's code: machines, their disks and clocks, the network, the API server. */
export class World {
  readonly random: Random;
  readonly scheduler = new Scheduler();
  readonly network: Network;
  readonly api: ApiServer;
  readonly machines: Machine[] = [];
  /** Statements that the simulated PostgreSQL does not know. */
  readonly unknownStatements = new Set<string>();
  readonly options: WorldOptions;
  /** In runs with an operator. */
  operators: OperatorPods | undefined;
  /** Of homes that are no machines. */
  readonly clocks = new Map<string, Clock>();
  readonly #byName = new Map<string, Machine>();
  #addresses = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.network = new Network(this.scheduler, this.random, (ip) => this.#hostAt(ip));
    this.api = new ApiServer(this.scheduler, this.random, options.onChange);
    for (let serial = 1; serial <= options.instances; serial++) this.addMachine(`${clusterName}-${serial}`);
  }

  addMachine(name: string): Machine {
    const machine = new Machine(name, this.newAddress(), {
      scheduler: this.scheduler,
      random: this.random,
      witness: this.options.witness,
      serverAt: (from, ip) => this.#serverAt(from, ip),
      connected: (a, b) => this.network.passes(a, b) && this.network.passes(b, a),
      note: this.options.note,
      launch: (here, process) => this.#launch(here, process),
    });
    this.machines.push(machine);
    this.#byName.set(name, machine);
    return machine;
  }

  /** What the Cluster asks for when no fault has changed it. */
  get mode(): Mode {
    return this.options.mode;
  }

  note(home: string, text: string): void {
    this.options.note(home, text);
  }

  newAddress(): string {
    return `10.0.0.${++this.#addresses}`;
  }

  machine(name: string): Machine {
    const found = this.#byName.get(name);
    if (!found) throw new Error(`no machine ${name}`);
    return found;
  }

  /** The machine of the process that runs now. */
  here(): Machine {
    const { current } = this.scheduler;
    if (!current) throw new Error('nobody runs');
    return this.machine(current.home);
  }

  machineOf(files: Files): Machine {
    const found = this.machines.find((machine) => machine.files === files);
    if (!found) throw new Error('a disk of nobody');
    return found;
  }

  files(place: string): Files {
    return this.machine(place.slice(5, place.indexOf('/', 5))).files;
  }

  /** Of the process that runs now. */
  get clock(): Clock | undefined {
    const home = this.scheduler.current?.home ?? '';
    return this.#byName.get(home) ?? this.clocks.get(home);
  }

  wallClock(): number {
    return this.clock?.wallClock() ?? trueStart + Math.floor(this.scheduler.now);
  }

  /** For the process that runs now, in its own milliseconds. */
  timer(milliseconds: number, run: () => void): Cancel {
    const { current } = this.scheduler;
    const { rate = 1 } = this.clock ?? {};
    return this.scheduler.after(Math.max(0, milliseconds) / rate, run, current);
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.timer(milliseconds, resolve));
  }

  never(): Promise<never> {
    return new Promise(() => undefined);
  }

  abortAfter(milliseconds: number): AbortSignal {
    const controller = new AbortController();
    this.timer(milliseconds, () => controller.abort(new DOMException('it took too long', 'TimeoutError')));
    return controller.signal;
  }

  query(
    sql: string,
    values: readonly unknown[],
    { rows, failed }: { rows: (rows: Record<string, unknown>[]) => void; failed: (error: Error) => void },
  ): void {
    const machine = this.here();
    const { current } = this.scheduler;
    const later = (milliseconds: number, run: () => void): Cancel => this.scheduler.after(milliseconds, run, current);
    const server = machine.postgres;
    if (server?.status !== 'ready') {
      later(0.2, () => failed(new Error('ECONNREFUSED')));
      return;
    }
    const attempt = (): void => {
      if (!server.alive) return void later(0, () => failed(new Error('Connection terminated unexpectedly')));
      if (server.process.paused) return void this.scheduler.after(50, attempt);
      try {
        const found = answer(server, sql, values);
        later(this.random.between(0.1, 1), () => rows(found));
      } catch (error) {
        if (error instanceof UnknownStatement) this.unknownStatements.add(error.message);
        later(0.1, () => failed(error as Error));
      }
    };
    this.scheduler.after(this.random.between(0.1, 2), attempt);
  }

  /** A base backup of what a server has, on the disk of whoever asks. */
  copyDatabase(ip: string, to: string): void {
    const here = this.here();
    const server = this.#serverAt(here, ip);
    if (!server?.running || server.status !== 'ready') throw new Error('the base backup failed');
    copyData(this.machine(server.home.name), here.files, to);
  }

  #serverAt(from: Machine, ip: string): Server | undefined {
    const machine = this.machines.find((candidate) => candidate.ip === ip && candidate.on);
    return machine && from.connected(machine.name) ? machine.postgres : undefined;
  }

  #hostAt(ip: string): Host | undefined {
    const machine = this.machines.find((candidate) => candidate.ip === ip && candidate.on);
    return (
      machine && {
        name: machine.name,
        listener: machine.manager?.process,
        serve: (call) => serveRequest(machine.manager?.program.routes(), call),
      }
    );
  }

  #launch(machine: Machine, process: Process): Program {
    const environment: InstanceEnvironment = {
      ...{
        clusterName,
        namespace,
        podName: machine.name,
        podIp: machine.ip,
        podUid: machine.podUid ?? `pod-${machine.name}`,
      },
      ...{ nodeName: `node-${machine.name}`, paths: machine.paths, bind: undefined, port: port.postgres },
      ...{ tcpUserTimeoutMs: 5000, systemUser: 'postgres', startsBeside: false },
    };
    let program: Program | undefined;
    const options: ManagerOptions = {
      environment,
      kube: this.api.client(),
      supervisor: supervisorOf(machine),
      log: simulatedLogger((text) => this.options.note(machine.name, text), this.options.told),
      ended: () => machine.managerEnded(process),
    };
    this.scheduler.after(
      this.random.between(50, 300),
      () => {
        program = this.options.start(options);
      },
      process,
    );
    return {
      terminate: () => program?.terminate(),
      routes: () => program?.routes(),
      view: () => program?.view(),
    };
  }
}

/** All that a base backup carries; the log as far as it is on disk. */
export function copyData(from: Machine, files: Files, to: string): void {
  const wal = from.files.read(`${from.data}/pg_wal/.log`) as Wal;
  from.files.copyTree(from.data, files, to);
  files.writeDurably(`${to}/pg_wal/.log`, wal.copy(wal.flushed));
  files.writeDurably(`${to}/standby.signal`, '');
  files.removeDurably(`${to}/postmaster.pid`);
}
