/** A process that needs a token, and has time to be killed while it gets one. */
import { createTokenEndpoint } from '../../../../activities/connectors/oauth/endpoint.ts'
import { createTokens } from '../../../../activities/connectors/oauth/tokens.ts'
import { asAccountId } from '../../../../domain/ids.ts'
import { connectRedis } from '../../../../platform/redis.ts'
import { createSealer, parseEncryptionKeys } from '../../../../platform/seal.ts'
import { createOAuthStore } from '../../../../storage/redis/oauth.ts'
import { createRegistry } from '../../../../storage/redis/registry.ts'

const { REDIS = '', ACCOUNT = '', ID = '', REJECTED = '', KEYS = '', LEASE } = process.env
const redis = connectRedis(REDIS, { logger: { warn: () => undefined, info: () => undefined } })
const tokens = createTokens({
  registry: createRegistry(redis),
  store: createOAuthStore(redis, { leaseMs: Number(LEASE) }),
  endpoint: createTokenEndpoint({ allowPrivateAddresses: true, allowedAddresses: [] }),
  sealer: createSealer(parseEncryptionKeys(KEYS)),
})
await tokens.token(asAccountId(ACCOUNT), ID, { rejected: REJECTED }, new AbortController().signal)
