import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import type { NotificationView } from '../support/client.ts'
import { offer, tenant } from '../support/packages.ts'
import type { ReceivedRequest } from '../support/receiver.ts'
import { until } from '../support/until.ts'
import { inParallel, sizeOf } from './senders.ts'
import { useOwnSystem } from './servers.ts'

const ACCOUNTS = sizeOf('CHAOS_INSTALLATIONS', 6)
const EVENTS = ['installed', 'stopped', 'started', 'uninstalled']

const own = useOwnSystem({ NOTIFICATION_RETRIES: ['300ms', '1s', '1s', '2s', ...Array.from({ length: 16 }, () => '6s')].join(',') })

const document = {
  name: 'Orders',
  steps: [
    { id: 'order', type: 'webhook', next: 'pause' },
    { id: 'pause', type: 'delay', for: '1s' },
  ],
}
const told = ({ json }: ReceivedRequest): { Status: string; AccountApiId: string } => Object(json)

describe('a marketplace whose receiver is down (operations.md 3)', () => {
  it('gets every notification, in order for each installation, signed, whatever is killed in between', async () => {
    const { client, receiver } = own.system
    let how: 'down' | 'up' = 'down'
    const taken: ReceivedRequest[] = []
    let calls = 0
    receiver.respond(request => {
      if (how === 'up') {
        taken.push(request)
        return { status: 204 }
      }
      switch (calls++ % 3) {
        case 0:
          return { status: 500, body: 'x'.repeat(1 << 20) }
        case 1:
          return { status: 302, headers: { location: `${receiver.url}/elsewhere` } }
        default:
          throw new Error('the connection breaks')
      }
    })
    const shop = await offer(own.system, [document], { notificationUrl: `${receiver.url}/told` })
    const ids = await Promise.all(Array.from({ length: ACCOUNTS }, () => client.account()))
    const tenants = ids.map(id => tenant(client, id, shop))
    await inParallel(ACCOUNTS, ACCOUNTS, async n => {
      for (const kind of ['install', 'stop', 'start'] as const) await tenants[n]?.run(kind)
    })
    await receiver.waitFor('/told', ACCOUNTS * 2)
    await own.system.restart('worker')
    await own.servers.kill('temporal')
    // A promise: what is begun now is carried out when Temporal is back.
    await Promise.all(tenants.map(one => one.begin('uninstall')))
    await own.servers.start('temporal')
    await until(async () => (await Promise.all(tenants.map(one => one.view()))).every(({ Operation }) => Operation === null), {
      timeoutMs: 120_000,
      everyMs: 500,
    })
    how = 'up'
    await until(() => taken.length >= 2, { timeoutMs: 120_000 })
    await own.system.restart('worker')

    const all = await until(
      async () => {
        const found = await client.call<readonly NotificationView[]>('GET', '/notifications?pageSize=500')
        return found.length === ACCOUNTS * EVENTS.length && found.every(({ Status }) => Status === 'Delivered') && found
      },
      { timeoutMs: 240_000, everyMs: 500, what: 'every notification being delivered' },
    )
    expect(receiver.at('/elsewhere')).toEqual([])
    const known = new Set(all.map(({ Id }) => Id))
    for (const request of taken) {
      expect(known.has(String(request.headers['webhook-id']))).toBe(true)
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers
      const headers = { 'webhook-id': String(id), 'webhook-timestamp': String(at), 'webhook-signature': String(signature) }
      expect(new Webhook(shop.secret).verify(request.text, headers)).toEqual(request.json)
    }
    for (const account of ids) {
      const mine = taken.filter(request => told(request).AccountApiId === account)
      // At least once: one whose answer was lost with its worker comes again before the next one does.
      const order = mine.filter((request, at) => request.headers['webhook-id'] !== mine[at - 1]?.headers['webhook-id'])
      expect(order.map(request => told(request).Status)).toEqual(EVENTS)
    }
  }, 600_000)
})
