/** What is taken when neither the Cluster nor the operator's configuration names an image. */
export const defaultImageName = 'ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie';

export interface ImageReference {
  readonly repository: string;
  /** '' when there is none. */
  readonly tag: string;
  readonly digest: string;
}

export function parseImage(image: string): ImageReference {
  const [named = '', digest = ''] = image.split('@', 2);
  // A colon before the last slash is that of the registry's port.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return colon === -1
    ? { repository: named, tag: '', digest }
    : { repository: named.slice(0, colon), tag: named.slice(colon + 1), digest };
}

/** The PostgreSQL version that a tag begins with: `18.6-system-trixie` → 18, `17beta1` → 17; undefined when it begins otherwise. */
export function majorOfImage(image: string): number | undefined {
  const match = /^(\d+)(\.\d+)*(beta\d+|rc\d+|devel)?([-_+].*)?$/.exec(parseImage(image).tag);
  return match ? Number(match[1]) : undefined;
}
