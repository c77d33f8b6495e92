import { instancePaths, type InstancePaths } from '../../paths.ts';
import { Files } from './files.ts';
import { Postgres } from './postgres.ts';
import type { Random } from './random.ts';
import { Process, type Scheduler } from './scheduler.ts';
import type { PostgresHome, Server, Witness } from './server.ts';
import type { Program } from './manager.ts';

/** What a machine has around it. */
export interface MachinePorts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly witness: Witness;
  serverAt(from: Machine, ip: string): Server | undefined;
  connected(a: string, b: string): boolean;
  note(home: string, text: string): void;
  /** A program of the product, as the container's supervisor starts it. */
  launch(machine: Machine, process: Process): Program;
}

export const trueStart = Date.UTC(2026, 0, 1);
/** The largest process id so far, of all machines. */
let lastPid = 1000;

/** One node with one instance's pod on it: clock, disk, supervisor, manager, PostgreSQL. */
export class Machine implements PostgresHome {
  readonly name: string;
  readonly ports: MachinePorts;
  readonly paths: InstancePaths;
  readonly files: Files;
  readonly processes = new Map<number, Process>();
  /** Of its own time in true time. */
  readonly rate: number;
  readonly #wallSkew: number;
  ip: string;
  bootId: string;
  #bootedAt: number;
  on = true;
  paused = false;
  diskBroken = false;
  /** The pod whose container a kubelet runs here. Without a kubelet the one container is always there. */
  podUid: string | undefined;
  /** A kubelet sees to it that the container of a pod runs, and nothing else. */
  kept = false;
  /** The container is there, if only with its supervisor. */
  running = false;
  /** The container is not started again. */
  leaving = false;
  /** There is nothing on it that could be started. */
  volumeLost = false;
  slowDisk = 0;
  /** When it was last continued after a stop of the whole machine. */
  thawedAt = -Infinity;
  supervisorPid = 1;
  postgres: Postgres | undefined;
  manager: { readonly process: Process; readonly program: Program; readonly since: number } | undefined;
  lastExit: { readonly pid: number; readonly status: number } | undefined;
  terminatingSince: number | undefined;
  #deadline = Infinity;
  #done = false;
  #managerDiedAt = 0;

  constructor(name: string, ip: string, ports: MachinePorts) {
    this.name = name;
    this.ip = ip;
    this.ports = ports;
    this.paths = instancePaths(`/sim/${name}`);
    // Two machines' rates differ by no more than the bound of the protocol, 0.5 %.
    this.rate = 1 + ports.random.between(-0.0025, 0.0025);
    this.#wallSkew = ports.random.between(-30_000, 30_000);
    this.bootId = ports.random.id();
    this.#bootedAt = -ports.random.between(1e6, 1e8);
    this.files = new Files(() => this.wallClock());
  }

  get scheduler(): Scheduler {
    return this.ports.scheduler;
  }

  get random(): Random {
    return this.ports.random;
  }

  get witness(): Witness {
    return this.ports.witness;
  }

  get data(): string {
    return this.paths.data;
  }

  /** Milliseconds; counts on while everything stands still. */
  bootTime(): number {
    return (this.scheduler.now - this.#bootedAt) * this.rate;
  }

  wallClock(): number {
    return Math.floor(trueStart + this.scheduler.now * this.rate + this.#wallSkew);
  }

  syncTime(): number {
    return this.random.between(0.3, 4) + this.random.between(0, this.slowDisk);
  }

  note(text: string): void {
    this.ports.note(this.name, text);
  }

  connected(other: string): boolean {
    return this.ports.connected(this.name, other);
  }

  serverAt(ip: string): Server | undefined {
    return this.ports.serverAt(this, ip);
  }

  newProcess(name: string): Process {
    const process = new Process(++lastPid, name, this.name);
    this.processes.set(process.pid, process);
    return process;
  }

  /** The container starts: what its last life left is gone, but for the disk. */
  startContainer(): void {
    if (!this.on || this.manager || (this.kept && this.podUid === undefined)) return;
    this.running = true;
    this.terminatingSince = undefined;
    this.#done = false;
    this.lastExit = undefined;
    this.supervisorPid = ++lastPid;
    this.#heartbeatUntil(this.bootTime() + 30_000);
    this.#startManager();
  }

  /** No container of a pod is here. */
  get #gone(): boolean {
    return this.kept && !this.running;
  }

  #startManager(): void {
    const process = this.newProcess('node');
    this.note('the manager starts');
    this.manager = { process, program: this.ports.launch(this, process), since: this.scheduler.now };
  }

  managerEnded(process: Process): void {
    if (this.manager?.process !== process || !process.alive) return;
    process.alive = false;
    this.manager = undefined;
    this.note('the manager has ended');
    if (!this.on) return;
    const quick = this.scheduler.now - this.#managerDiedAt < 1000;
    this.#managerDiedAt = this.scheduler.now;
    if (this.#done) {
      this.postgres?.end(137, false);
      this.running = false;
      if (!this.kept) this.scheduler.after(this.random.between(500, 2500), () => this.startContainer());
    } else {
      this.scheduler.after(quick ? 1000 : this.random.between(50, 400), () => {
        if (this.on && !this.manager && !this.#gone) this.#startManager();
      });
    }
  }

  done(): void {
    this.#done = true;
  }

  heartbeat(until = this.bootTime() + 30_000): void {
    this.#heartbeatUntil(until);
  }

  #heartbeatUntil(until: number): void {
    this.#deadline = until;
    const due = (until - this.bootTime()) / this.rate;
    this.scheduler.after(due + this.random.between(0, 60), () => this.#watch(until));
  }

  #watch(until: number): void {
    if (this.#deadline !== until || !this.on || this.#gone) return;
    if (this.paused) {
      this.scheduler.after(20, () => this.#watch(until));
      return;
    }
    this.note('the watchdog ends PostgreSQL and the manager');
    this.#deadline = Infinity;
    const { postgres, manager } = this;
    postgres?.signal('SIGQUIT');
    this.scheduler.after(500, () => {
      postgres?.end(137, false);
      if (manager) this.killManager(manager.process);
      this.#heartbeatUntil(this.bootTime() + 30_000);
    });
  }

  startPostgres(): void {
    if (this.postgres?.alive) return;
    if (!this.files.has(`${this.data}/pg_wal/.log`)) return;
    this.lastExit = undefined;
    this.postgres = new Postgres(this, this.newProcess('postgres'));
    this.note('PostgreSQL starts');
  }

  exited(pid: number, status: number): void {
    this.processes.delete(pid);
    this.postgres = undefined;
    this.scheduler.after(this.random.between(5, 60), () => {
      this.lastExit = { pid, status };
    });
  }

  killManager(process = this.manager?.process): void {
    if (process) this.managerEnded(process);
  }

  /** Ends all of the container's processes. What they wrote stays. */
  killContainer(): void {
    const { postgres, manager } = this;
    this.running = false;
    postgres?.end(137, false);
    if (manager) manager.process.alive = false;
    this.manager = undefined;
  }

  /** kill(2) by a process of this machine. */
  signal(pid: number, name: string): boolean {
    if (this.postgres?.process.pid !== pid) throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
    this.postgres.signal(name);
    return true;
  }

  terminate(): void {
    this.terminatingSince ??= this.wallClock();
    const { manager } = this;
    if (manager) this.scheduler.after(1, () => manager.program.terminate(), manager.process);
  }

  /** SIGSTOP to all that runs here, or a hypervisor that looks away. */
  pause(): void {
    this.paused = true;
    for (const process of this.processes.values()) this.scheduler.pause(process);
  }

  resume(): void {
    this.paused = false;
    this.thawedAt = this.scheduler.now;
    for (const process of this.processes.values()) this.scheduler.resume(process);
  }

  powerOff(): void {
    if (!this.on) return;
    this.on = false;
    this.running = false;
    this.note('the power is lost');
    const { postgres, manager } = this;
    if (postgres) {
      postgres.process.alive = false;
      postgres.abandon();
    }
    this.postgres = undefined;
    if (manager) manager.process.alive = false;
    this.manager = undefined;
    this.processes.clear();
    this.files.lose(this.random);
  }

  loseVolume(): void {
    this.powerOff();
    this.files.wipe();
    this.volumeLost = true;
    this.diskBroken = false;
  }

  /** What every pod finds. */
  layOut(): void {
    for (const name of ['server-ca.crt', 'streaming_replica.crt', 'streaming_replica.key']) {
      this.files.writeDurably(`${this.paths.certificates}/${name}`, name);
    }
  }

  powerOn(ip: string): void {
    if (this.on || this.volumeLost) return;
    this.ip = ip;
    this.on = true;
    this.paused = false;
    this.bootId = this.random.id();
    this.#bootedAt = this.scheduler.now - this.random.between(5000, 20_000);
    this.note(`the machine is on again as ${ip}`);
    if (!this.kept) this.scheduler.after(this.random.between(100, 1500), () => this.startContainer());
  }
}
