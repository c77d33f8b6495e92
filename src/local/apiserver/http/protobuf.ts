import { protobufFields } from '../generated/protobuf-fields.ts';
import type { Loose } from '../model/types.ts';

// kubectl's typed clients send protobuf. What they send is decoded to the JSON that it stands for; answers are always JSON.

interface Field {
  readonly name: string;
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
}
type Message = ReadonlyMap<number, Field>;

export const protobufType = 'application/vnd.kubernetes.protobuf';
const magic = Buffer.from('k8s\0');

/** Messages that JSON writes into their parent. */
const inlined = new Set([
  'volumeSource',
  'handler',
  'persistentVolumeSource',
  'localObjectReference',
  'ephemeralContainerCommon',
]);
/** Numbers and booleans whose zero is told apart from absence. */
const keepsZero = new Set([
  'gracePeriodSeconds',
  'replicas',
  'automountServiceAccountToken',
  'backoffLimit',
  'expirationSeconds',
  'immutable',
]);

function messageOf(name: string): Message | undefined {
  const start = protobufFields.indexOf(`\n${name}:`);
  const at = start >= 0 ? start + 1 : protobufFields.startsWith(`${name}:`) ? 0 : -1;
  if (at < 0) return undefined;
  const end = protobufFields.indexOf('\n', at);
  const line = protobufFields.slice(at + name.length + 1, end < 0 ? undefined : end);
  const fields = line === '' ? [] : line.split(',');
  return new Map(
    fields.map((entry): [number, Field] => {
      const [number = '', rest = ''] = entry.split(' ');
      const [field = '', written = ''] = rest.split('=');
      const shape = written.endsWith('[]') ? 'list' : written.endsWith('{}') ? 'map' : 'one';
      return [Number(number), { name: field, type: written.replace(/[[\]{}]/g, ''), shape }];
    }),
  );
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || shift > 63n) throw new Error('a number is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  }

  chunk(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Error('a field is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The next field: its number and its raw value. */
  field(): [number: number, value: bigint | Buffer] {
    const tag = Number(this.varint());
    const wire = tag & 7;
    if (wire === 0) return [tag >> 3, this.varint()];
    if (wire === 2) return [tag >> 3, this.chunk(Number(this.varint()))];
    if (wire === 1 || wire === 5) return [tag >> 3, this.chunk(wire === 1 ? 8 : 4)];
    throw new Error(`unknown wire type ${wire}`);
  }
}

const time = (seconds: bigint, nanos: bigint, digits: number): string | null => {
  if (seconds === 0n && nanos === 0n) return null;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${text}Z` : `${text}.${String(nanos / 1000n).padStart(6, '0')}Z`;
};

/** Messages that are no objects in JSON. */
function special(type: string, raw: Buffer): Loose {
  const values = new Map<number, bigint | Buffer>();
  const reader = new Reader(raw);
  while (!reader.done) values.set(...reader.field());
  const number = (field: number): bigint => (values.get(field) as bigint | undefined) ?? 0n;
  const bytes = (field: number): Buffer => (values.get(field) as Buffer | undefined) ?? Buffer.alloc(0);
  if (type === 'meta.Time') return time(number(1), number(2), 0);
  if (type === 'meta.MicroTime') return time(number(1), number(2), 6);
  if (type === 'resource.Quantity') return bytes(1).toString();
  if (type === 'intstr.IntOrString') return number(1) === 0n ? Number(number(2)) : bytes(3).toString();
  return JSON.parse(bytes(1).toString() || 'null');
}
const specials = new Set([
  'meta.Time',
  'meta.MicroTime',
  'resource.Quantity',
  'intstr.IntOrString',
  'meta.FieldsV1',
  'runtime.RawExtension',
]);

function value(type: string, raw: bigint | Buffer): Loose {
  if (typeof raw === 'bigint') return type === 'bool' ? raw !== 0n : Number(raw);
  if (type === 'string') return raw.toString('utf8');
  if (type === 'bytes') return raw.toString('base64');
  if (type === 'double') return raw.readDoubleLE();
  if (specials.has(type)) return special(type, raw);
  const decoded = decode(type, raw);
  return type === 'authorization.ExtraValue' ? (decoded['items'] ?? []) : decoded;
}

function decode(type: string, bytes: Buffer): Record<string, Loose> {
  const message = messageOf(type);
  if (!message) throw new Error(`unknown message ${type}`);
  const result: Record<string, Loose> = {};
  const reader = new Reader(bytes);
  while (!reader.done) {
    const [number, raw] = reader.field();
    const field = message.get(number);
    if (!field) continue;
    if (field.shape === 'map') {
      const [key, item] = entry(field.type, raw as Buffer);
      (result[field.name] ??= {})[key] = item;
    } else if (field.shape === 'list') {
      (result[field.name] ??= []).push(value(field.type, raw));
    } else {
      const item = value(field.type, raw);
      const zero = item === '' || item === null || ((item === 0 || item === false) && !keepsZero.has(field.name));
      if (inlined.has(field.name)) Object.assign(result, item);
      else if (!zero) result[field.name] = item;
    }
  }
  return result;
}

function entry(type: string, raw: Buffer): [string, Loose] {
  const reader = new Reader(raw);
  let key = '';
  let item: Loose = type === 'string' || type === 'bytes' ? '' : {};
  while (!reader.done) {
    const [number, part] = reader.field();
    if (number === 1) key = String(part);
    else item = value(type, part);
  }
  return [key, item];
}

/** A `runtime.Unknown` envelope: type, and the object's bytes. */
export function decodeProtobuf(body: Buffer): Loose {
  if (!body.subarray(0, 4).equals(magic)) throw new Error('no Kubernetes protobuf');
  const reader = new Reader(body.subarray(4));
  let [type, raw] = [Buffer.alloc(0), Buffer.alloc(0)];
  while (!reader.done) {
    const [number, part] = reader.field();
    if (number === 1) type = part as Buffer<ArrayBuffer>;
    if (number === 2) raw = part as Buffer<ArrayBuffer>;
  }
  const identity = new Reader(type);
  let [apiVersion, kind] = ['', ''];
  while (!identity.done) {
    const [number, part] = identity.field();
    if (number === 1) apiVersion = String(part);
    if (number === 2) kind = String(part);
  }
  const group = apiVersion.includes('/') ? (apiVersion.split(/[./]/)[0] ?? '') : 'core';
  return { ...decode(kind === 'DeleteOptions' ? 'meta.DeleteOptions' : `${group}.${kind}`, raw), apiVersion, kind };
}
