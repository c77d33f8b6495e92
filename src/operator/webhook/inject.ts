import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { mutatingWebhook, validatingWebhook } from '../../naming.ts';

interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig?: { caBundle?: string } & Record<string, unknown> }[];
}

/** Writes the authority's certificates into the webhook configurations, where these are installed. */
export async function injectAuthority(api: KubeApi, authority: string, signal: AbortSignal): Promise<void> {
  const caBundle = Buffer.from(authority, 'utf8').toString('base64');
  for (const [type, name] of [
    [resource.mutatingWebhooks, mutatingWebhook],
    [resource.validatingWebhooks, validatingWebhook],
  ] as const) {
    const found = await api.get<WebhookConfiguration>(type, { name }, { signal });
    if (
      found?.webhooks === undefined ||
      found.webhooks.every(({ clientConfig }) => clientConfig?.caBundle === caBundle)
    )
      continue;
    const webhooks = found.webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { ...webhook.clientConfig, caBundle },
    }));
    await api.replace<WebhookConfiguration>(type, { ...found, webhooks }, { signal });
  }
}
