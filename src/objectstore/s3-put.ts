import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { errorCode, errorKind, httpStatus } from './errors.ts';
import type { ObjectAttributes, PutOptions, StreamBody } from './port.ts';
import type { S3Context } from './s3-call.ts';
import { attributeParameters, call } from './s3-call.ts';

/** The SDK would send a stream in a framing that not every store knows. */
export async function wholeBody(body: Buffer | StreamBody): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const putCommand = (context: S3Context, key: string, body: Buffer, put: ObjectAttributes, create: boolean) =>
  new PutObjectCommand({
    Bucket: context.bucket,
    Key: key,
    Body: body,
    ...(create && { IfNoneMatch: '*' }),
    ...attributeParameters(put),
  });

/** A put; `ifNoneMatch` as the store's own conditional write. A store without it answers 'unsupported'. */
export async function putObject(
  context: S3Context,
  key: string,
  body: Buffer,
  { ifNoneMatch = false, signal, ...put }: PutOptions,
): Promise<'created' | 'exists' | 'unsupported'> {
  return call(context, `put "${key}"`, signal, async (send) => {
    try {
      await context.client.send(putCommand(context, key, body, put, ifNoneMatch), send);
      return 'created';
    } catch (error) {
      if (ifNoneMatch && httpStatus(error) === 412) return 'exists';
      const unsupported = httpStatus(error) === 501 || errorCode(error) === 'NotImplemented';
      if (ifNoneMatch && unsupported) return 'unsupported';
      throw error;
    }
  });
}

/** The create-only put for stores without conditional writes: look, put, and look whether what is there is ours. */
export async function putIfAbsent(
  context: S3Context,
  key: string,
  body: Buffer,
  { signal, ...put }: PutOptions,
): Promise<'created' | 'exists'> {
  if (await headObject(context, key, signal)) return 'exists';
  const answer = await call(context, `put "${key}"`, signal, (send) =>
    context.client.send(putCommand(context, key, body, put, false), send),
  );
  const there = await headObject(context, key, signal);
  return there?.ETag === answer.ETag ? 'created' : 'exists';
}

export const headObject = (context: S3Context, key: string, signal: AbortSignal | undefined) =>
  call(context, `look up "${key}"`, signal, async (send) => {
    try {
      return await context.client.send(new HeadObjectCommand({ Bucket: context.bucket, Key: key }), send);
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  });
