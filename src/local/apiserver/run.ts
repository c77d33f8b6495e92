import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { apiHost, loadConfig, places, ports, serviceNetwork, UserError, type LocalConfig } from '../platform/config.ts';
import { startServer, type ServerKeys } from './server.ts';

export interface ApiServerOptions {
  /** The platform's data directory (`--data`): holds config.json, pki/ and apiserver/state.db. */
  readonly dataDir: string;
  /** Ends the server cleanly. */
  readonly signal: AbortSignal;
}

async function readKeys(config: LocalConfig): Promise<ServerKeys> {
  const read = async (name: string): Promise<string> => {
    const file = places(config).pkiFile(name);
    return readFile(file, 'utf8').catch((error: Error) => {
      throw new UserError(`cannot read ${file}: ${error.message}`);
    });
  };
  const [ca, cert, key, nodeCert, nodeKey, serviceAccountKey] = await Promise.all(
    ['ca.crt', 'apiserver.crt', 'apiserver.key', 'kubelet-client.crt', 'kubelet-client.key', 'sa.key'].map(read),
  );
  return {
    ca: ca ?? '',
    cert: cert ?? '',
    key: key ?? '',
    nodeClient: { cert: nodeCert ?? '', key: nodeKey ?? '' },
    serviceAccountKey: serviceAccountKey ?? '',
  };
}

/** One line of the process log. */
function log(level: 'info' | 'error', message: string, fields: object = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, msg: message, ...fields })}\n`);
}

/** The API server process of `howdah local`: serves until `signal` is aborted. */
export async function runApiServer({ dataDir, signal }: ApiServerOptions): Promise<void> {
  const config = await loadConfig(dataDir);
  const running = await startServer({
    keys: await readKeys(config),
    stateFile: path.join(places(config).apiserver, 'state.db'),
    address: apiHost(config),
    port: ports.api,
    serviceNetwork: serviceNetwork(config),
    log,
  }).catch((error: Error) => {
    throw new UserError(error.message, { cause: error });
  });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await running.close();
}
