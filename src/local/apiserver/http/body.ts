import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { ApiError, badRequest, unsupportedMediaType } from '../model/errors.ts';
import { decodeProtobuf, protobufType } from './protobuf.ts';
import type { Loose } from '../model/types.ts';

/** As in Kubernetes: etcd could not hold more. */
const limit = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export const mediaType = (contentType: string): string => contentType.split(';')[0]?.trim().toLowerCase() ?? '';

function protobuf(body: Buffer): Loose {
  try {
    return decodeProtobuf(body);
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}

/** A JSON, YAML or protobuf document. */
export function parseDocument(body: Buffer, contentType: string): Loose {
  const type = mediaType(contentType);
  const yaml = type === 'application/yaml' || type === 'application/apply-patch+yaml' || type === 'application/x-yaml';
  if (type === protobufType) return protobuf(body);
  if (!yaml && type !== '' && type !== 'application/json' && type !== '*/*' && !type.endsWith('+json')) {
    throw unsupportedMediaType(type);
  }
  try {
    return yaml ? parseYaml(body.toString('utf8')) : JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message.split('\n')[0] ?? ''}`);
  }
}
