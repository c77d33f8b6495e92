import { request } from 'node:http';
import { port } from '../../naming.ts';

/** `howdah instance status`: prints /pg/status of the manager beside us. */
export function printStatus(variables: Readonly<Record<string, string | undefined>>): Promise<number> {
  return new Promise((resolve) => {
    const call = request(
      { host: variables['HOWDAH_BIND'] ?? '127.0.0.1', port: port.local, path: '/pg/status', timeout: 30_000 },
      (response) => {
        response.pipe(process.stdout, { end: false });
        response.on('end', () => {
          process.stdout.write('\n');
          resolve(response.statusCode === 200 ? 0 : 1);
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer in time')));
    call.on('error', (error) => {
      process.stderr.write(`howdah instance status: ${error.message}\n`);
      resolve(1);
    });
    call.end();
  });
}
