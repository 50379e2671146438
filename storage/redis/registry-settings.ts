/** The partner's settings: one hash, in which an empty text is as one that was never set. */
import type { Redis } from 'ioredis'
import type { PartnerSettings, Settings } from '../registry.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { fieldsOf } from './registry-accounts.ts'
import { call } from './registry-call.ts'

/** `User-Agent` of notifications where the partner has set none. */
const USER_AGENT = 'Flywheel'

export function createSettings(redis: Redis): Settings {
  const get = async (): Promise<PartnerSettings> => settingsOf(await call(() => redis.hgetall(keys.settings)))
  return {
    get,
    isSet: async () => (await call(() => redis.exists(keys.settings))) === 1,
    async update({ embeddingOrigins, ...change }) {
      const changed = fieldsOf({ ...change, embeddingOrigins: embeddingOrigins && JSON.stringify(embeddingOrigins) })
      if (Object.keys(changed).length > 0) await call(() => redis.hset(keys.settings, changed))
      return get()
    },
  }
}

/** Reads the hash. */
export function settingsOf(record: unknown): PartnerSettings {
  const fields = new Map<string, unknown>(typeof record === 'object' && record !== null ? Object.entries(record) : [])
  const text = (name: string): string => String(fields.get(name) ?? '')
  const [url, userAgent, origins] = [text('transactionErrorWebhookUrl'), text('userAgent'), text('embeddingOrigins')]
  return {
    ...(url === '' ? {} : { transactionErrorWebhookUrl: url }),
    includeWarnings: text('includeWarnings') === 'true',
    userAgent: userAgent === '' ? USER_AGENT : userAgent,
    launchCompleteHtml: text('launchCompleteHtml'),
    css: text('css'),
    embeddingOrigins: origins === '' ? [] : JSON.parse(origins),
  }
}
