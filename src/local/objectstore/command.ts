import { ObjectStoreStartError, runObjectStore } from './run.ts';
import { UserError, loadConfig, places, ports, s3Host } from '../platform/config.ts';
import { parseOptions } from '../platform/options.ts';
import { logLine, serve } from '../platform/serve.ts';
import { readS3Credentials } from '../platform/setup.ts';

export async function main(args: string[]): Promise<number> {
  const config = await loadConfig(parseOptions(args, {}).data);
  const credentials = await readS3Credentials(config);
  const options = { dataDir: places(config).s3, address: s3Host(config), port: ports.s3, credentials, log: logLine };
  try {
    return await serve((signal) => runObjectStore({ ...options, signal }));
  } catch (error) {
    if (error instanceof ObjectStoreStartError) throw new UserError(error.message);
    throw error;
  }
}
