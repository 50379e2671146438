import { randomUUID } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, describe, it } from 'vitest'
import type { NotificationView } from '../support/client.ts'
import { offer, tenant } from '../support/packages.ts'
import type { ReceivedRequest, ReceiverAnswer } from '../support/receiver.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem({ env: { NOTIFICATION_RETRIES: '200ms' } })
})
afterAll(() => system?.stop())

const document = {
  name: 'Orders',
  steps: [
    { id: 'order', type: 'webhook', next: 'pause' },
    { id: 'pause', type: 'delay', for: '1s' },
  ],
}

/** An account with a package, and a receiver that answers by what it is told. */
async function installation(answers: { [status: string]: ReceiverAnswer | undefined }) {
  const path = `/told-${randomUUID()}`
  const url = system.receiver.url + path
  const statusOf = ({ json }: ReceivedRequest): string => String(Object(json).Status)
  system.receiver.respond(request => (request.path === path ? (answers[statusOf(request)] ?? { status: 204 }) : undefined))
  const shop = await offer(system, [document], { notificationUrl: url })
  const one = tenant(system.client, await system.client.account(), shop)
  return {
    shop,
    one,
    answers,
    told: () => system.receiver.at(path).map(statusOf),
    requests: (count: number) => system.receiver.waitFor(path, count),
    /** The notification of that kind, when it stands there. */
    logged: (kind: string, status: string) =>
      until(
        async () => {
          const all = await system.client.call<readonly (NotificationView & { readonly Kind: string })[]>('GET', '/notifications?pageSize=500')
          return all.find(({ Url, Kind, Status }) => Url === url && Kind === kind && Status === status)
        },
        { what: `${kind} being ${status}`, everyMs: 100 },
      ),
  }
}

function verified(secret: string, request: ReceivedRequest | undefined): unknown {
  if (request === undefined) throw new Error('nothing came')
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
  return new Webhook(secret).verify(request.text, Object.fromEntries(names.map(name => [name, String(request.headers[name])])))
}

describe('what is told of an installation (marketplace.md 2)', () => {
  it('is signed, by both secrets during a rotation, with the User-Agent of the settings', async () => {
    await system.client.call('PUT', '/settings', { body: { UserAgent: 'Partner/7' } })
    const { one, shop, requests } = await installation({})
    await one.run('install')
    const [first] = await requests(1)
    expect(verified(shop.secret, first)).toMatchObject({ Status: 'installed' })
    expect(first?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Partner/7' })
    const { Secret } = await system.client.call<{ Secret: string }>('POST', `/marketplaces/${shop.marketplace}/secret`)
    await one.run('stop')
    const second = (await requests(2))[1]
    for (const secret of [shop.secret, Secret]) expect(verified(secret, second)).toMatchObject({ Status: 'stopped' })
    expect(String(second?.headers['webhook-signature']).split(' ')).toHaveLength(2)
    await system.client.call('PUT', '/settings', { body: { UserAgent: null } })
  })

  it('lets the next one go where it failed or is not wanted; what failed is sent again under its id', async () => {
    const { one, answers, told, logged } = await installation({ installed: { status: 503, body: 'down' }, stopped: { status: 410 } })
    for (const kind of ['install', 'stop', 'start'] as const) await one.run(kind)
    const failed = await logged('installed', 'Failed')
    expect(failed).toMatchObject({ CycleId: null, Tries: [{ Status: 503, Answer: 'down' }, { Status: 503 }] })
    await logged('stopped', 'Gone')
    await logged('started', 'Delivered')
    expect(told()).toEqual(['installed', 'installed', 'stopped', 'started'])
    answers.installed = { status: 200 }
    expect(await system.client.call('POST', `/notifications/${failed.Id}/replay`)).toMatchObject({ Id: failed.Id, Status: 'Pending', Kind: 'installed' })
    expect(await logged('installed', 'Delivered')).toMatchObject({ Id: failed.Id, Tries: [{}, {}, { Status: 200 }] })
    expect(told()).toEqual(['installed', 'installed', 'stopped', 'started', 'installed'])
  })
})
