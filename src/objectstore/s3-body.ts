import type { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { GetOptions, ObjectBody } from './port.ts';
import { readObject } from './reading.ts';
import type { S3Context } from './s3-call.ts';

export const getObject = (context: S3Context, key: string, options: GetOptions): Promise<ObjectBody | undefined> =>
  readObject(
    {
      where: context.where,
      retry: context.retry,
      async ask(asked, { range, etag, signal }) {
        const command = new GetObjectCommand({
          Bucket: context.bucket,
          Key: asked,
          ...(range !== undefined && { Range: range }),
          ...(etag !== undefined && { IfMatch: etag }),
        });
        const answer = await context.client.send(command, signal ? { abortSignal: signal } : {});
        return {
          body: answer.Body as Readable,
          length: answer.ContentLength ?? 0,
          contentRange: answer.ContentRange,
          metadata: answer.Metadata ?? {},
          etag: answer.ETag ?? '',
          lastModified: answer.LastModified ?? new Date(0),
        };
      },
    },
    key,
    options,
  );
