import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sendNotification, type NotificationDeps } from '../../activities/notifications.ts'
import { ReceiverBusy } from '../../activities/http/notifier.ts'
import { signatureOf } from '../../activities/signature.ts'
import { asAccountId } from '../../domain/ids.ts'
import { createMetrics } from '../../platform/metrics.ts'
import { createSealer, parseEncryptionKeys } from '../../platform/seal.ts'
import type { MarketplaceSecret } from '../../storage/marketplace.ts'
import type { NotificationMessage, NotificationTry } from '../../workflows/messages.ts'

afterEach(() => void vi.useRealTimers())

const HOUR = 3_600_000
const oldKey = `old:${randomBytes(32).toString('base64')}`
const sealer = createSealer(parseEncryptionKeys(`k1:${randomBytes(32).toString('base64')},${oldKey}`))
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`
const account = asAccountId('account')
const message: NotificationMessage = {
  id: '6f9619ff-8b86-4d01-b42d-00c04fc964ff',
  kind: 'started',
  account,
  installation: { account, package: '1234' },
  marketplaceId: '7',
  title: 'Shop started',
  url: 'http://shop.example',
  userAgent: 'Partner/1',
  body: '{"Status":"started","AccountApiId":"Größe \u2028 </script>"}',
}

interface Posted {
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** What was posted where the marketplace has those secrets (undefined: there is none), and what the log is told. */
async function sent(
  secrets: readonly MarketplaceSecret[] | undefined,
  of = message,
  post?: NotificationDeps['notifier']['post'],
): Promise<{ posts: Posted[]; attempt: NotificationTry; asked: number; kept: MarketplaceSecret[][] }> {
  const posts: Posted[] = []
  const kept: MarketplaceSecret[][] = []
  let asked = 0
  const none = () => Promise.reject(new Error('not asked for'))
  const value = { name: 'Shops', embeddingOrigins: [], returnOrigins: [], launchCompleteHtml: '', css: '', cards: [], secrets: secrets ?? [] }
  const deps: NotificationDeps = {
    notifier: {
      post:
        post ??
        (async (_url, headers, body) => {
          posts.push({ headers, body })
          return { at: 1, durationMs: 2, status: 200, answer: '' }
        }),
    },
    registry: {
      marketplaces: {
        nextId: none,
        create: none,
        getMany: none,
        byName: none,
        async replace(_id, { secrets: now }) {
          kept.push([...now])
          return 'done'
        },
        remove: none,
        list: none,
        async get(id) {
          asked++
          return secrets === undefined ? undefined : { id, version: 1, createdAt: 0, value }
        },
      },
    },
    sealer,
    metrics: createMetrics('worker'),
    runtime: () => ({ heartbeat: () => undefined, signal: new AbortController().signal, runId: 'run', attempt: 1 }),
  }
  return { attempt: await sendNotification(deps, of), posts, asked, kept }
}

const verified = (secret: string, { headers, body }: Posted): unknown => new Webhook(secret).verify(body, headers)

describe('what a marketplace is told', () => {
  it('is signed as Standard Webhooks are, with the secret of the marketplace (marketplace.md 2)', async () => {
    const secret = newSecret()
    const { posts } = await sent([{ sealed: sealer.seal(secret) }])
    const [post] = posts
    if (post === undefined) throw new Error('it was not sent')
    expect(post.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Partner/1',
      'webhook-id': message.id,
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    })
    expect(verified(secret, post)).toEqual(JSON.parse(message.body))
    expect(() => verified(newSecret(), post)).toThrow()
    expect(() => verified(secret, { ...post, body: `${post.body} ` })).toThrow()
  })

  it('is signed with secrets that are sealed anew where their key is an old one, but for those that are over', async () => {
    const before = createSealer(parseEncryptionKeys(oldKey))
    const [one, over] = [{ sealed: before.seal(newSecret()) }, { sealed: `sealed:gone:${'A'.repeat(60)}`, until: Date.now() - 1 }]
    const { posts, kept } = await sent([one, over])
    expect(posts).toHaveLength(1)
    expect(kept).toEqual([[{ sealed: expect.stringMatching(/^sealed:k1:/) }, over]])
    expect(sealer.open(kept[0]?.[0]?.sealed ?? '')).toBe(before.open(one.sealed))
    expect((await sent([{ sealed: sealer.seal(newSecret()) }])).kept).toEqual([])
  })

  it('is signed by both secrets during a rotation, and by the old one no longer than until its time', async () => {
    const [fresh, old, gone] = [newSecret(), newSecret(), newSecret()]
    const secrets = [
      { sealed: sealer.seal(fresh) },
      { sealed: sealer.seal(old), until: Date.now() + HOUR },
      { sealed: sealer.seal(gone), until: Date.now() - 1 },
    ]
    const [post] = (await sent(secrets)).posts
    if (post === undefined) throw new Error('it was not sent')
    expect(post.headers['webhook-signature']?.split(' ')).toHaveLength(2)
    for (const secret of [fresh, old]) expect(verified(secret, post)).toEqual(JSON.parse(message.body))
    expect(() => verified(gone, post)).toThrow()
  })

  it('has the id that is the same on every try, and the time of each', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_999, toFake: ['Date'] })
    const secrets = [{ sealed: sealer.seal(newSecret()) }]
    const [first] = (await sent(secrets)).posts
    vi.setSystemTime(1_800_018_000_000)
    const [second] = (await sent(secrets)).posts
    expect([first, second].map(post => [post?.headers['webhook-id'], post?.headers['webhook-timestamp']])).toEqual([
      [message.id, '1800000000'],
      [message.id, '1800018000'],
    ])
    expect(first?.headers['webhook-signature']).not.toBe(second?.headers['webhook-signature'])
  })

  it('is not sent where it cannot be signed: that try failed, and the log says why, without the secret', async () => {
    const other = createSealer(parseEncryptionKeys(`k2:${randomBytes(32).toString('base64')}`))
    const cases = [
      [undefined, 'It cannot be signed: there is no marketplace 7 (any more)'],
      [[], 'It cannot be signed: marketplace 7 has no secret'],
      [[{ sealed: other.seal(newSecret()) }], 'It cannot be signed: No key "k2" is among ENCRYPTION_KEYS'],
    ] as const
    for (const [secrets, error] of cases) expect(await sent(secrets)).toMatchObject({ posts: [], attempt: { durationMs: 0, error } })
  })

  it('is told apart from an incident, which is not signed', async () => {
    const { installation: _installation, marketplaceId: _marketplace, ...incident } = message
    const { posts, asked } = await sent(undefined, { ...incident, kind: 'incident' })
    expect(posts[0]?.headers).toEqual({ 'content-type': 'application/json', 'user-agent': 'Partner/1', 'webhook-id': message.id })
    expect(asked).toBe(0)
  })

  it('comes a little later where its receiver is busy, which counts as no try', async () => {
    const busy = sent([{ sealed: sealer.seal(newSecret()) }], message, () => Promise.reject(new ReceiverBusy('50 tries to shop.example are under way')))
    const error: unknown = await busy.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ type: 'receiverBusy', nonRetryable: false })
    expect(Number(Object(error).nextRetryDelay)).toBeGreaterThanOrEqual(1_000)
  })

  it('verifies for any body and any key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.string({ unit: 'binary' }), fc.uuid(), (key, text, id) => {
        const secret = `whsec_${Buffer.from(key).toString('base64')}`
        const timestamp = Math.floor(Date.now() / 1_000)
        const body = JSON.stringify(text)
        const headers = {
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': signatureOf([newSecret(), secret], id, timestamp, body),
        }
        expect(verified(secret, { headers, body })).toBe(JSON.parse(body))
      }),
    )
  })
})
