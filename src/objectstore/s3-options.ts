export interface S3Options {
  readonly bucket: string;
  /** Absent: AWS itself. With an endpoint, requests are path-style. */
  readonly endpoint?: string;
  readonly region?: string;
  /** PEM bundle that replaces the system's roots for this endpoint. */
  readonly ca?: string;
  /** Absent: the SDK's default chain (environment, profile, web identity, instance metadata). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /**
   * WHEN_REQUIRED for older stores that know no CRC32 headers. Absent: AWS_REQUEST_CHECKSUM_CALCULATION of the
   * environment, else WHEN_SUPPORTED.
   */
  readonly requestChecksumCalculation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  /** From the start of an attempt to the head of its answer. */
  readonly attemptTimeoutMs?: number;
  readonly attempts?: number;
}

/** Where the store is, for messages. */
export const describeStore = (options: S3Options): string =>
  `bucket "${options.bucket}" at ${options.endpoint ?? `AWS S3 (${options.region ?? 'us-east-1'})`}`;
