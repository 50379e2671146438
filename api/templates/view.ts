/** Templates as the API finds and shows them. */
import { ApiError } from '../../domain/errors.ts'
import { webhooksOf, webhookUrl } from '../../domain/webhook-url.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Template } from '../../storage/template.ts'
import { maskSecrets } from '../cycles/secrets.ts'
import { guidOf } from '../routes/lists.ts'
import type { Services } from '../services.ts'
import { newestRelease } from './releases.ts'

/** Throws `template_not_found`. */
export async function findTemplate({ registry }: Pick<Services, 'registry'>, id: string | undefined): Promise<Versioned<Template>> {
  const guid = guidOf(id)
  const found = guid === undefined ? undefined : await registry.templates.get(guid)
  if (found === undefined) throw new ApiError('template_not_found', 'There is no such template.')
  return found
}

/** `release`: the one whose document is shown; else the newest's. */
export function templateView({ settings }: Pick<Services, 'settings'>, { id, createdAt, value }: Versioned<Template>, release = newestRelease(value)) {
  const { identifiers = {} } = value
  return {
    id,
    name: value.name,
    description: value.description,
    tags: value.tags,
    published: value.published,
    createdOnUtc: new Date(createdAt).toISOString(),
    releases: value.releases.map(one => ({ id: one.id, status: one.status, createdOnUtc: new Date(one.createdAt).toISOString() })),
    webhooks: webhooksOf({ document: release.document, identifiers }, identifier => webhookUrl(settings.publicUrl, identifier)),
    definition: maskSecrets(release.document),
  }
}
