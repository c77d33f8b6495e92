import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '../api/generated/cluster.ts';
import { secretNames } from '../resources/secret-names.ts';
import { writeCertificates, type CertificateMemory, type CertificateResult } from './certificates.ts';
import { wantedSecrets } from './cluster/wishes.ts';
import { configurationFiles, type ConfigurationFiles } from './configuration/settings.ts';
import { differing } from './configuration/write.ts';
import type { InstanceContext } from './context/context.ts';
import { findProgram, type Program } from './programs/find.ts';
import { describeShortage, diskShortage, type DiskShortage } from './postmaster/disk-space.ts';
import {
  observeDataDirectory,
  observePostmaster,
  type DataDirectory,
  type PostmasterObservation,
} from './postmaster/observe.ts';
import { askServerState, type ServerState } from './sql/server-state.ts';
import { isOwnData } from './world/own-data.ts';

export interface Observation {
  readonly cluster: Cluster | undefined;
  readonly data: DataDirectory;
  readonly postmaster: PostmasterObservation;
  readonly server: ServerState | undefined;
  readonly program: Program | undefined;
  readonly certificates: CertificateResult;
  /** As they should be; undefined while that cannot be said. */
  readonly files: ConfigurationFiles | undefined;
  readonly differing: readonly string[];
  /** When the newest of the files that PostgreSQL reads was written. */
  readonly filesWrittenAt: number;
  /** Looked for only while postgres is down. */
  readonly diskShortage: DiskShortage | undefined;
  readonly problems: readonly string[];
}

const noCertificates: CertificateResult = { complete: false, changed: false, problems: [] };
const loaded = ['postgresql.conf', 'custom.conf', 'override.conf', 'pg_hba.conf', 'pg_ident.conf'];
const loadedCertificates = ['server.crt', 'server.key', 'client-ca.crt'];

/** Looks at everything once per turn. What cannot be read becomes a problem, not an exception. */
export class Observer {
  readonly #context: InstanceContext;
  readonly #certificatesSeen: CertificateMemory = {};
  #program: Program | undefined;

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  async observe(): Promise<Observation> {
    const { environment, cluster: source } = this.#context;
    const { data: dataDirectory } = environment.paths;
    const problems: string[] = [];
    const cluster = source.current;
    const [data, postmaster] = await Promise.all([this.#data(cluster), observePostmaster(dataDirectory)]);
    const server = postmaster.state === 'up' ? await this.#server(problems) : undefined;
    const program = data.state === 'valid' ? await this.#findProgram(data.major, problems) : undefined;
    const certificates = await this.#certificates(cluster, problems);
    const shortage =
      data.state === 'valid' && postmaster.state === 'down'
        ? await diskShortage(dataDirectory, data.control.walSegmentSize)
        : undefined;
    if (shortage) problems.push(describeShortage(shortage));
    const files = cluster && data.state === 'valid' ? this.#files(cluster, data, server, problems) : undefined;
    return {
      cluster,
      data,
      postmaster,
      server,
      program,
      certificates,
      files,
      differing: files ? await differing(dataDirectory, files) : [],
      filesWrittenAt: await this.#filesWrittenAt(),
      diskShortage: shortage,
      problems,
    };
  }

  async #data(cluster: Cluster | undefined): Promise<DataDirectory> {
    const { environment } = this.#context;
    const own = await isOwnData(environment, cluster?.metadata.uid);
    return own ? observeDataDirectory(environment.paths.data) : { state: 'absent' };
  }

  async #server(problems: string[]): Promise<ServerState | undefined> {
    try {
      return await askServerState(this.#context.session);
    } catch (error) {
      problems.push(`PostgreSQL does not answer: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async #findProgram(major: number, problems: string[]): Promise<Program | undefined> {
    if (this.#program?.major === major) return this.#program;
    try {
      this.#program = await findProgram('postgres', major);
      return this.#program;
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async #certificates(cluster: Cluster | undefined, problems: string[]): Promise<CertificateResult> {
    if (!cluster) return noCertificates;
    const { secrets, environment } = this.#context;
    secrets.follow(wantedSecrets(cluster));
    try {
      const find = (name: string): ReturnType<typeof secrets.get> => secrets.get(name);
      const { certificates } = environment.paths;
      return await writeCertificates(certificates, find, secretNames(cluster), this.#certificatesSeen);
    } catch (error) {
      problems.push(`the certificates cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      return noCertificates;
    }
  }

  #files(
    cluster: Cluster,
    data: Extract<DataDirectory, { state: 'valid' }>,
    server: ServerState | undefined,
    problems: string[],
  ): ConfigurationFiles | undefined {
    try {
      return configurationFiles({
        cluster,
        environment: this.#context.environment,
        major: data.major,
        control: data.control,
        standby: server?.standby ?? data.standby,
        primary: this.#context.ha.primary,
        synchronousNames: this.#context.ha.synchronousNames,
        refusesClients: this.#context.ha.refusesClients,
      });
    } catch (error) {
      problems.push(`the configuration cannot be rendered: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async #filesWrittenAt(): Promise<number> {
    const { data, certificates } = this.#context.environment.paths;
    const files = [
      ...loaded.map((name) => path.join(data, name)),
      ...loadedCertificates.map((name) => path.join(certificates, name)),
    ];
    const times = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    );
    return Math.max(...times);
  }
}
