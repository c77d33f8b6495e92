import type {
  KubeObject,
  ListOptions,
  ListResult,
  ObjectKey,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from './types.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface DeleteOptions extends CallOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers; default true, as controllers do. */
  readonly force?: boolean;
}

/** What Howdah needs of the Kubernetes API. Every call throws `KubeError` (errors.ts) on an answer that is not a success. */
export interface KubeApi {
  /** The object, or undefined when it does not exist. */
  get<T extends KubeObject>(type: ResourceType, key: ObjectKey, options?: CallOptions): Promise<T | undefined>;
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ListResult<T>>;
  watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(type: ResourceType, object: T, options?: CallOptions): Promise<T>;
  /** Replaces by the resourceVersion in the object; a KubeError of code 409 when it is not the newest. */
  replace<T extends KubeObject>(type: ResourceType, object: T, options?: CallOptions): Promise<T>;
  replaceStatus<T extends KubeObject>(type: ResourceType, object: T, options?: CallOptions): Promise<T>;
  /** JSON merge patch (RFC 7386). */
  patch<T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: object, options?: CallOptions): Promise<T>;
  patchStatus<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: object,
    options?: CallOptions,
  ): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>;
  applyStatus<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>;
  /** Resolves to false when the object was not there. */
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<boolean>;
  /** A request to any other path of the API server (sub-resources such as token, eviction, pods/proxy). */
  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: unknown; contentType?: string },
  ): Promise<{ status: number; body: string }>;
}
