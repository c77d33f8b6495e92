import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CredentialSource, type ExpiringCredentials, RenewedCredentials } from '../../objectstore/credentials.ts';
import type { FindCredentials } from '../../objectstore/archive/config.ts';
import { type WorkerCommand, workerCommand } from '../programs/worker-command.ts';
import type { CredentialsAnswer, CredentialsRequest } from './messages.ts';

/** Milliseconds that the chain may take: instance metadata that is not there is waited for. */
const patience = 60_000;

/** As the SDK calls it, so that it is judged alike: the store is not to be used with what there is. */
class CredentialsError extends Error {
  override readonly name = 'CredentialsProviderError';
}

/** Where the chain looks is in the environment: this process's own if none is given. */
type RoleCommand = WorkerCommand & { readonly env?: NodeJS.ProcessEnv };

async function ask({ file, args, env }: RoleCommand, request: CredentialsRequest): Promise<ExpiringCredentials> {
  const child = spawn(file, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    ...(env && { env }),
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  let answer: CredentialsAnswer | undefined;
  child.on('message', (message: CredentialsAnswer) => (answer = message));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  child.send(request, () => undefined);
  const [code, killed] = await ended;
  if (answer === undefined)
    throw new CredentialsError(`the process that asks for credentials ended with ${killed ?? `exit code ${code}`}`);
  if ('failure' in answer) throw new CredentialsError(answer.failure);
  return answer.credentials;
}

/** Credentials of the role that the pod has, asked for by a process that ends with its answer: the AWS SDK is never loaded here (ADR 16). */
export const roleCredentials = (command: RoleCommand, region: string | undefined): CredentialSource =>
  new RenewedCredentials(() => ask(command, { region }));

/** `roleCredentials` by this program. */
export const credentialsByRole =
  (logLevel: string): FindCredentials =>
  (region) =>
    roleCredentials(workerCommand(logLevel, 'credentials-worker'), region);
