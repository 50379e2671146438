import { expect, it } from 'vitest'
import type { IncidentView, NotificationView } from '../support/client.ts'
import { until } from '../support/until.ts'
import { useOwnSystem } from './servers.ts'

const own = useOwnSystem({ ALLOW_VOLATILE_REDIS: 'false', NOTIFICATION_RETRIES: '1s,1s,2s,5s,5s,5s' })

const withoutTime = (detail: string): string => detail.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'AT')

it('worker and Temporal killed between tries: each incident once, one error webhook for each, to the byte, and no try too many (cycles.md 5)', async () => {
  const { client, receiver } = own.system
  const account = await client.account()
  await client.call('PUT', `/accounts/${account}`, { body: { TransactionErrorWebhookUrl: `${receiver.url}/errors`, IncludeWarnings: true } })
  const answers = [
    { status: 500, body: { no: 1 } },
    { status: 429, headers: { 'retry-after': '4' }, body: { no: 2 } },
  ]
  const last = { status: 502, body: { no: 3 } }
  const calls = (): readonly string[] => [...new Set(receiver.at('/ask').map(({ headers }) => String(headers['idempotency-key'])))]
  receiver.respond(({ path }) => (path === '/ask' ? (answers[receiver.at('/ask').length - 1] ?? last) : undefined))
  const cycle = await client.cycle(
    {
      name: 'Retried',
      settings: { onStepError: 'retry', maxRetries: 3, retryDelays: ['4s'] },
      steps: [
        { id: 'order', type: 'webhook', next: 'ask' },
        { id: 'ask', name: 'Ask', type: 'request', method: 'POST', url: `${receiver.url}/ask`, body: '{{order.body}}' },
      ],
    },
    { account },
  )
  const { transaction = '' } = await cycle.post({ n: 7 })
  // An incident is there once its try is over: what is killed then is killed while the step waits.
  const told = (count: number): Promise<boolean> => until(async () => (await cycle.incidents()).length >= count, { timeoutMs: 120_000, everyMs: 100 })
  await told(1)
  await Promise.all([own.system.kill('worker'), own.servers.kill('temporal')])
  await Promise.all([own.servers.start('temporal'), own.system.start('worker')])
  await told(2)
  await own.system.restart('worker')
  await told(3)
  await own.servers.kill('temporal')
  await own.servers.start('temporal')
  await cycle.settled(transaction, ['Errored'], 180_000)

  const url = `${receiver.url}/ask`
  const detail = (status: number, no: number, next: string): string => `POST ${url} answered ${status}\n{"no":${no}}\nRequest: {"n":7}${next}`
  const incidents: readonly IncidentView[] = (await cycle.incidents()).toReversed()
  expect(incidents.map(({ IncidentLevel, Message, Detail }) => [IncidentLevel, Message, withoutTime(Detail)])).toEqual([
    ['Warning', 'Failed to call the method', detail(500, 1, '\nRetry 1 of 3: the next try is at AT')],
    ['Warning', 'Failed to call the method', detail(429, 2, '\nRetry-After: the next try is at AT')],
    ['Warning', 'Failed to call the method', detail(502, 3, '\nRetry 2 of 3: the next try is at AT')],
    ['Warning', 'Failed to call the method', detail(502, 3, '\nRetry 3 of 3: the next try is at AT')],
    ['Error', 'Out of retries', `Failed to call the method: ${detail(502, 3, '')}`],
  ])
  expect(calls()).toHaveLength(1)
  expect(receiver.at('/ask')).toHaveLength(5)

  const { AccountId } = await client.call<{ readonly AccountId: string }>('GET', `/accounts/${account}`)
  await until(
    async () => {
      const sent = await Promise.all(incidents.map(({ NotificationId }) => client.call<NotificationView>('GET', `/notifications/${NotificationId}`)))
      return sent.every(({ Status }) => Status === 'Delivered')
    },
    { timeoutMs: 120_000, everyMs: 250, what: 'all error webhooks delivered' },
  )
  // A call may come again after a crash, under the same id and with the same bytes.
  const sent = new Map<string, Set<string>>()
  for (const { headers, text } of receiver.at('/errors')) {
    const id = String(headers['webhook-id'])
    sent.set(id, (sent.get(id) ?? new Set()).add(text))
  }
  expect(sent).toEqual(
    new Map(
      incidents.map(({ Timestamp, Message, Detail, IncidentLevel, NotificationId }) => [
        NotificationId ?? '',
        new Set([
          `{"Timestamp":"${Timestamp}","AccountId":"${AccountId}","AccountExternalId":"${account}","AccountName":"${account}","CycleId":"${cycle.id}",` +
            `"CycleName":"Retried","StepId":"ask","StepName":"Ask","StepType":"request","TransactionId":"${transaction}","Message":"${Message}",` +
            `"Detail":${JSON.stringify(Detail)},"IncidentLevel":"${IncidentLevel}"}`,
        ]),
      ]),
    ),
  )
}, 600_000)
