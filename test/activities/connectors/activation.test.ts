import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { beforeEach, describe, expect, it } from 'vitest'
import type { HttpResult, OutgoingCall } from '../../../activities/contract.ts'
import type { WebhookMethod } from '../../../domain/connector.ts'
import { asIdentifier } from '../../../domain/ids.ts'
import { createRegistry } from '../../../storage/redis/registry.ts'
import type { Registry } from '../../../storage/registry.ts'
import { activities, inbox, place, redis, sent, useRig } from '../rig.ts'

useRig()

const connectorId = randomUUID()
const held = randomUUID()
let registry: Registry
const hook: WebhookMethod = {
  id: 'newOrder',
  type: 'webhook',
  subscribe: { method: 'POST', path: '/hooks', body: { url: '{{webhook.url}}' }, id: 'body.id' },
  unsubscribe: { method: 'DELETE', path: '/hooks/{{subscription.id}}' },
}
async function define(method: WebhookMethod = hook): Promise<void> {
  const definition = { name: 'Shop', version: '1', baseUrl: 'https://shop.example/api', authentication: { type: 'bearer' }, methods: [method] } as const
  const value = { name: 'Shop', version: '1', definition, partnerWebhook: asIdentifier('p') }
  if ((await registry.connectors.create(connectorId, value)) !== 'taken') return
  await registry.connectors.replace(connectorId, value, (await registry.connectors.get(connectorId))?.version ?? 0)
}
beforeEach(async () => {
  registry = createRegistry(redis.client)
  const { account } = place
  await registry.accounts.create({ id: account, apiId: account, name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
  await define()
  const credentials = `sealed:${JSON.stringify({ authValue: 'very-secret-key' })}`
  await registry.accountConnectors.of(account).create(held, { connectorId, name: 'Shop', settings: {}, status: 'Authenticated', credentials })
  await inbox.create(place, 1)
  await registry.cycles.create({
    place,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    document: { name: 'Orders', steps: [{ id: 'order', name: 'New order', type: 'webhook', connector: 'Shop', method: 'newOrder' }] },
    identifiers: { order: asIdentifier('abc') },
  })
})

const ok = { status: 201, headers: {}, body: { id: 17 } }
const activate = (http: (call: OutgoingCall) => HttpResult = () => ok) => activities({ http }).activateCycle(place)
const state = async () => (await inbox.status(place))?.state
const held_ = () => registry.subscriptions.of(place)

describe('the activation of a cycle with subscriptions (connectors.md 4)', () => {
  it('asks with the step URL and the credentials, keeps the id of the answer, and starts the cycle', async () => {
    expect(await activate()).toEqual({ outcome: 'active' })
    const [one] = await held_()
    expect(one).toMatchObject({ state: 'made', subscriptionId: '17', terms: { url: 'http://hooks.example/abc', accountConnectorId: held } })
    const auth = { type: 'bearer', token: 'very-secret-key' }
    expect(sent).toMatchObject([
      { method: 'POST', url: 'https://shop.example/api/hooks', body: { url: 'http://hooks.example/abc' }, auth, idempotencyKey: one?.id },
    ])
    expect(await state()).toBe('Active')
    expect(JSON.stringify(one)).not.toContain('very-secret-key')
  })

  it('repeated after a death it asks nobody who has answered', async () => {
    await activate()
    expect(await activate()).toEqual({ outcome: 'active' })
    expect(sent).toHaveLength(1)
  })

  it('a refusal is told with the answer, without credentials, and leaves no mark', async () => {
    const answer = await activate(() => ({ status: 403, headers: {}, body: { error: 'very-secret-key is not allowed' } }))
    const message = expect.stringMatching(
      /^Failed to subscribe the step "New order": POST https:\/\/shop.example\/api\/hooks answered 403\n.*\*+ is not allowed/,
    )
    expect(answer).toEqual({ outcome: 'refused', problems: [{ path: 'steps[0]', message }] })
    expect([await held_(), await state(), sent.length]).toEqual([[], 'Paused', 1])
  })

  it('an answer that says nothing is asked for three times, and in the next activation again, with one key', async () => {
    expect(await activate(() => ({ status: 502, headers: {}, body: null }))).toMatchObject({ outcome: 'refused' })
    expect(await held_()).toMatchObject([{ state: 'asked' }])
    expect(await activate()).toEqual({ outcome: 'active' })
    expect([sent.length, new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size]).toEqual([4, 1])
  })

  it('an answer without the id is no subscription', async () => {
    const answer = await activate(() => ({ status: 200, headers: {}, body: {} }))
    expect(answer).toMatchObject({ outcome: 'refused', problems: [{ message: expect.stringContaining('The answer has no body.id') }] })
  })

  it('waits while another activation asks', async () => {
    const { terms } = await wantedNow()
    await registry.subscriptions.ask(place, randomUUID(), terms, 'another')
    const error: unknown = await activate().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ApplicationFailure)
    expect([error, sent]).toMatchObject([{ type: 'busy' }, []])
  })

  it('what does not fit any more is ended before the new one is made', async () => {
    await activate()
    await define({ ...hook, subscribe: { method: 'POST', path: '/hooks', body: { url: '{{webhook.url}}', event: 'order' }, id: 'body.id' } })
    expect(await activate()).toEqual({ outcome: 'active' })
    expect(sent.map(({ method, url }) => `${method} ${url.slice(24)}`)).toEqual(['POST /hooks', 'DELETE /hooks/17', 'POST /hooks'])
    expect(await held_()).toMatchObject([{ state: 'made' }])
  })

  it('what a method does not subscribe any more is ended', async () => {
    await activate()
    await define({ id: 'newOrder', type: 'webhook' })
    expect(await activate()).toEqual({ outcome: 'active' })
    expect(await held_()).toEqual([])
  })

  it('a cycle that was deleted is gone', async () => {
    await registry.cycles.remove(place)
    expect(await activate()).toEqual({ outcome: 'gone' })
    expect(sent).toEqual([])
  })
})

const wantedNow = async () => {
  await activate()
  const [one] = await held_()
  if (one === undefined) throw new Error('nothing was subscribed')
  await registry.subscriptions.ended(place, one.id)
  sent.length = 0
  return one
}

describe('the end of subscriptions (connectors.md 4)', () => {
  const end = (http: (call: OutgoingCall) => HttpResult) => activities({ http }).unsubscribeCycle(place)

  it('is tried again until the application says that it is gone, with credentials that were deleted', async () => {
    await activate()
    await registry.accountConnectors.of(place.account).remove(held)
    const failed: unknown = await end(() => ({ status: 500, headers: {}, body: 'very-secret-key' })).catch((reason: unknown) => reason)
    expect(failed).toMatchObject({
      type: 'notUnsubscribed',
      nonRetryable: false,
      message: expect.stringContaining('DELETE https://shop.example/api/hooks/17 answered 500'),
    })
    expect(String(failed)).not.toContain('very-secret-key')
    await end(() => ({ status: 410, headers: {}, body: null }))
    expect(sent.at(-1)).toMatchObject({ method: 'DELETE', auth: { type: 'bearer', token: 'very-secret-key' } })
    expect([await held_(), await registry.subscriptions.retired(place.account).get(held)]).toEqual([[], undefined])
  })

  it('seals credentials that were deleted anew where their key is an old one', async () => {
    await activate()
    await registry.accountConnectors.of(place.account).remove(held)
    const sealer = { seal: (plain: string) => `sealed: ${plain}`, isCurrent: (text: string) => text.startsWith('sealed: ') }
    await expect(activities({ http: () => ({ status: 500, headers: {}, body: null }), sealer }).unsubscribeCycle(place)).rejects.toThrow('answered 500')
    const kept = await registry.subscriptions.retired(place.account).get(held)
    expect(kept?.value.credentials).toBe('sealed: {"authValue":"very-secret-key"}')
  })

  it('of a deleted connector goes by what was asked then', async () => {
    await activate()
    await registry.subscriptions.end(place, 'all')
    await registry.connectors.remove(connectorId)
    await end(() => ({ status: 204, headers: {}, body: null }))
    expect([sent.at(-1)?.url, await held_()]).toEqual(['https://shop.example/api/hooks/17', []])
  })

  it('without the id that the application never told is a warning', async () => {
    await activate(() => ({ status: 502, headers: {}, body: null }))
    await registry.subscriptions.end(place, 'all')
    await end(() => ok)
    const [warning] = await registry.incidents.list(place, { limit: 10 })
    expect([warning?.level, warning?.message, await held_()]).toEqual(['Warning', 'Failed to unsubscribe the webhook', []])
  })

  it('that never comes is an error in the end', async () => {
    await activate()
    await registry.subscriptions.end(place, 'all')
    await activities().abandonSubscriptions(place)
    const [error] = await registry.incidents.list(place, { limit: 10 })
    expect([error?.level, error?.detail.includes('id 17'), await held_()]).toEqual(['Error', true, []])
  })
})
