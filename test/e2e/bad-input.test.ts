import { randomUUID } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IncidentView, TestCycle, TransactionView } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024

let system: TestSystem
/** A server that answers in ways in which the receiver does not. */
let odd: Server
let oddUrl: string
const timers = new Set<NodeJS.Timeout>()
beforeAll(async () => {
  system = await startSystem({ env: { ALLOW_PRIVATE_ADDRESSES: 'false', ALLOWED_ADDRESSES: '127.0.0.1/32', SCRIPT_TIMEOUT: '1s' } })
  odd = createServer((req, res) => oddAnswers[req.url ?? '']?.(res))
  await new Promise<void>(done => odd.listen(0, '127.0.0.1', done))
  const address = odd.address()
  oddUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(async () => {
  for (const timer of timers) clearInterval(timer)
  odd?.closeAllConnections()
  odd?.close()
  await system?.stop()
})

const answer = (res: ServerResponse, headers: { readonly [name: string]: string }, body: string | Buffer): void => void res.writeHead(200, headers).end(body)
const json = { 'content-type': 'application/json' }
const oddAnswers: { readonly [path: string]: (res: ServerResponse) => void } = {
  '/json': res => answer(res, json, '{"a":1,}'),
  '/page': res => answer(res, json, '<html>Sorry</html>'),
  '/xml': res => answer(res, { 'content-type': 'application/xml' }, '<a><b></a>'),
  '/charset': res => answer(res, { 'content-type': 'text/plain; charset=klingon' }, 'a'),
  '/bytes': res => answer(res, { 'content-type': 'text/plain; charset=utf-8' }, Buffer.from([0xff])),
  '/gzip': res => answer(res, { ...json, 'content-encoding': 'gzip' }, '{}'),
  '/deep': res => answer(res, json, '['.repeat(66) + ']'.repeat(66)),
  '/large': res => answer(res, json, `"${'x'.repeat(11 * MIB)}"`),
  '/bomb': res => answer(res, { ...json, 'content-encoding': 'gzip' }, gzipSync(`"${'x'.repeat(50 * MIB)}"`)),
  '/silent': () => undefined,
  '/drip': res => {
    res.writeHead(200, json)
    const timer = setInterval(() => res.write(' '), 50)
    timers.add(timer)
    res.on('close', () => clearInterval(timer))
  },
  '/endless': res => void res.writeHead(302, { location: '/endless' }).end(),
  '/private': res => void res.writeHead(307, { location: 'http://127.0.0.2:9/admin' }).end(),
  '/metadata': res => void res.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
  '/file': res => void res.writeHead(302, { location: 'file:///etc/passwd' }).end(),
}

const trigger = { id: 'order', type: 'webhook', next: 'bad' }
const told = (incidents: readonly IncidentView[] = []) =>
  incidents.map(({ IncidentLevel, Message, StepId, Detail }) => [IncidentLevel, Message, StepId, Detail]).reverse()

/** Runs a step that fails between a webhook and a call; what came of it. */
async function failing(step: object, body: unknown = {}): Promise<{ readonly cycle: TestCycle; readonly found: TransactionView }> {
  const id = randomUUID()
  const cycle = await system.client.cycle({
    name: 'Bad input',
    steps: [
      trigger,
      { id: 'bad', next: 'after', ...step },
      { id: 'after', type: 'request', method: 'POST', url: `${system.receiver.url}/after/${id}`, body: '{{order.body}}' },
    ],
  })
  const { transaction = '' } = await cycle.post(body)
  const found = await cycle.settled(transaction, ['Errored'])
  // Nothing is lost: what came in stands there, nothing went on, and an operator can go on with it.
  expect(found.Steps?.find(({ StepId }) => StepId === 'order')?.Data).toMatchObject({ body })
  expect(system.receiver.at(`/after/${id}`)).toEqual([])
  await cycle.deactivate()
  await cycle.activate()
  await system.client.call('POST', `/cycles/${cycle.id}/transactions/${transaction}/skip`, { account: cycle.account, body: {} })
  await cycle.settled(transaction, ['Completed'])
  expect(system.receiver.at(`/after/${id}`).map(({ json: sent }) => sent)).toEqual([body])
  return { cycle, found }
}

describe('a schedule that cannot be is refused when it is saved (cycles.md 4)', () => {
  const saved = (schedule: object): Promise<unknown> =>
    system.client
      .cycle({
        name: 'Never',
        steps: [
          { id: 'tick', type: 'schedule', ...schedule, next: 'pause' },
          { id: 'pause', type: 'delay', for: '1s' },
        ],
      })
      .then(() => 'saved', String)

  it.each([
    ['a cron that never falls due', { cron: '0 0 30 2 *' }, 'steps[0].cron', 'Never falls due'],
    ['a cron that is none', { cron: 'at noon' }, 'steps[0].cron', ''],
    ['a time zone that is none', { cron: '0 6 * * *', timezone: 'Mars/Olympus' }, 'steps[0].timezone', 'Must be an IANA time zone'],
    ['an interval below a second', { every: '500ms' }, 'steps[0].every', ''],
  ])('%s', async (_, schedule, path, message) => {
    const refusal = await saved(schedule)
    expect(refusal).toMatch(/: 400 /)
    expect(refusal).toContain(`"${path}"`)
    expect(refusal).toContain(message)
  })

  it('and an edit that is refused leaves the cycle as it was', async () => {
    const cycle = await system.client.cycle(
      {
        name: 'Daily',
        steps: [
          { id: 'tick', type: 'schedule', cron: '0 6 * * *', next: 'pause' },
          { id: 'pause', type: 'delay', for: '1s' },
        ],
      },
      { activate: false },
    )
    const before = await cycle.view()
    await expect(
      cycle.edit({
        name: 'Never',
        steps: [
          { id: 'tick', type: 'schedule', cron: '0 0 31 4 *', next: 'pause' },
          { id: 'pause', type: 'delay', for: '1s' },
        ],
      }),
    ).rejects.toThrow('400')
    expect(await cycle.view()).toEqual(before)
    expect((await cycle.activate()).Status).toBe('Active')
  })
})

describe.concurrent('a wait that cannot be waited (cycles.md 4)', () => {
  it.each([
    ['over the retention', '2099-01-01T00:00:00Z', 'Wait Until is over retention period'],
    ['until no instant', 'tomorrow', 'Field is not a valid DateTime'],
    ['until a list', ['2030-01-01'], 'Field is not a valid DateTime'],
    ['until nothing', null, 'WaitUntil step is missing wait criteria'],
  ])('%s is a step error', async (_, at, message) => {
    const { found } = await failing({ type: 'waitUntil', at: '{{order.body.at}}' }, { at })
    expect(told(found.Incidents)).toEqual([['Error', message, 'bad', expect.any(String)]])
  })
})

describe.concurrent('a script whose result is no data (cycles.md 4)', () => {
  it.each([
    ['a function', 'return run'],
    ['an object that holds itself', 'const a = {}; a.a = a; return a'],
    ['a list that holds itself', 'const a = []; a.push([a]); return a'],
    ['a BigInt', 'return 10n'],
    ['a BigInt in an object', 'return { n: 10n }'],
    ['a symbol', 'return Symbol("s")'],
    ['what throws when it is written', 'return { toJSON() { throw new Error("no") } }'],
    ['a promise that never settles', 'return new Promise(() => {})'],
    ['too much', 'return "x".repeat(11 * 1024 * 1024)'],
  ])('%s is a step error', async (_, source) => {
    const { found } = await failing({ type: 'script', source: `function run() { ${source} }` })
    expect(told(found.Incidents)).toEqual([['Error', 'Failed to call the method', 'bad', expect.stringMatching(/^The script's result is no data: /)]])
  })

  it('but what JSON knows how to write is data: nothing and numbers that are none are null', async () => {
    const returning = async (source: string): Promise<unknown> => {
      const cycle = await system.client.cycle({
        name: 'Returning',
        steps: [
          { ...trigger, next: 'script' },
          { id: 'script', type: 'script', source: `function run() { ${source} }`, next: 'answer' },
          { id: 'answer', type: 'synchronousResponse', body: { got: '{{script.body}}' } },
        ],
      })
      const reply = await cycle.post({})
      expect(reply.status).toBe(200)
      return JSON.parse(reply.body)
    }
    expect(await returning('return undefined')).toEqual({ got: null })
    expect(await returning('return NaN')).toEqual({ got: null })
    expect(await returning('return [Infinity, undefined, run, { a: undefined, b: run, c: 1 }]')).toEqual({ got: [null, null, null, { c: 1 }] })
    expect(await returning('return new Date(0)')).toEqual({ got: '1970-01-01T00:00:00.000Z' })
  })

  it('nor one that never ends: it is cut off, also in a regular expression', async () => {
    for (const source of ['for (;;);', 'return /(a+)+$/.test("a".repeat(40) + "!")']) {
      const { found } = await failing({ type: 'script', source: `function run() { ${source} }` })
      expect(told(found.Incidents)).toEqual([['Error', 'Failed to call the method', 'bad', 'The script took too long: The script was cut off after 1 s.']])
    }
  })
})

describe.concurrent('an answer that cannot be taken (cycles.md 5)', () => {
  const calling = (path: string) => failing({ type: 'request', method: 'GET', url: `${oddUrl}${path}`, timeout: '2s' })

  it.each([
    ['JSON that is none', '/json'],
    ['a page as JSON', '/page'],
    ['XML that is none', '/xml'],
    ['text of an unknown charset', '/charset'],
    ['text that does not fit its charset', '/bytes'],
    ['what is not packed as it says', '/gzip'],
    ['JSON that is nested too deeply', '/deep'],
    ['11 MiB', '/large'],
    ['50 MiB, packed small', '/bomb'],
  ])('%s: Response data not in expected format', async (_, path) => {
    const { found } = await calling(path)
    expect(told(found.Incidents)).toEqual([['Error', 'Response data not in expected format', 'bad', expect.stringContaining(`GET ${oddUrl}${path}: `)]])
  })

  it.each([
    ['that never comes', '/silent', 'no complete answer within 2000 ms'],
    ['that drips', '/drip', 'no complete answer within 2000 ms'],
    ['that leads round and round', '/endless', 'More than 5 redirects, the last to "/endless"'],
    ['that leads to a private address', '/private', 'Calls to 127.0.0.2 are not allowed: it is a loopback, private, link-local or reserved address'],
    ['that leads to the metadata', '/metadata', 'Calls to 169.254.169.254 are not allowed: it is a loopback, private, link-local or reserved address'],
    ['that leads to a file', '/file', 'The redirect leads to file:'],
  ])('one %s: Failed to call the method', async (_, path, detail) => {
    const { found } = await calling(path)
    expect(told(found.Incidents)).toEqual([['Error', 'Failed to call the method', 'bad', `GET ${oddUrl}${path}: ${detail}`]])
  })
})

describe('a regular expression that is meant to run away (cycles.md 4)', () => {
  it('is answered at once, also against a long text', async () => {
    const cycle = await system.client.cycle({
      name: 'Matching',
      steps: [
        { ...trigger, next: 'decide' },
        { id: 'decide', type: 'decision', left: '{{order.body.text}}', condition: 'matches', right: '{{order.body.pattern}}', true: 'yes', false: 'no' },
        { id: 'yes', type: 'synchronousResponse', body: 'yes' },
        { id: 'no', type: 'synchronousResponse', body: 'no' },
      ],
    })
    const long = 'a'.repeat(100_000)
    for (const [pattern, text, holds] of [
      ['^(a+)+$', `${long}!`, 'no'],
      ['^(a+)+$', long, 'yes'],
      ['^(a|aa)*b$', long, 'no'],
      ['(x+x+)+y', 'x'.repeat(100_000), 'no'],
    ]) {
      const began = performance.now()
      expect(await cycle.post({ pattern, text })).toMatchObject({ status: 200, body: holds })
      expect(performance.now() - began).toBeLessThan(15_000)
    }
  })
})

describe('a signal for a step that does not wait (cycles.md 5, operations.md 5)', () => {
  it('is 409 over the API; over Temporal it changes nothing, and the details tell so', async () => {
    const path = `/asked/${randomUUID()}`
    system.receiver.respond(request => (request.path === path && system.receiver.at(path).length === 1 ? { status: 500 } : undefined))
    const cycle = await system.client.cycle({
      name: 'Signalled',
      steps: [
        { ...trigger, next: 'ask' },
        { id: 'ask', type: 'request', method: 'POST', url: `${system.receiver.url}${path}`, next: 'after' },
        { id: 'after', name: 'After all', type: 'script', source: 'function run() {}' },
      ],
    })
    const { transaction = '' } = await cycle.post({})
    const before = await cycle.settled(transaction, ['Errored'])
    const order = (what: string, body: object = {}): Promise<unknown> =>
      system.client.call('POST', `/cycles/${cycle.id}/transactions/${transaction}/${what}`, { account: cycle.account, body }).then(() => 'taken', String)
    for (const what of ['retry', 'skip', 'fail']) {
      expect(await order(what, { StepId: 'after' })).toMatch(/: 409 /)
      expect(await order(what, { StepId: 'nowhere' })).toMatch(/: 4(00|04|09) /)
    }

    const connection = await Connection.connect({ address: system.temporalAddress })
    try {
      const handle = new Client({ connection, namespace: 'flywheel' }).workflow.getHandle(`transaction/${cycle.id}/${transaction}`)
      const details = async (): Promise<string> => {
        const { currentDetails = '' } = await handle.query<{ readonly currentDetails?: string }>('__temporal_workflow_metadata')
        return currentDetails
      }
      for (const [signal, kind] of [
        ['retryStep', 'retry'],
        ['skipStep', 'skip'],
        ['failStep', 'fail'],
      ] as const) {
        for (const about of ['after', { StepId: 'after' }]) {
          await handle.signal(signal, about)
          await until(async () => (await details()).includes(`ignored signal: ${kind} of "After all": it neither failed nor waits for its next try`))
        }
        for (const about of [17, [], { step: 'ask' }, { stepId: ['ask'] }]) {
          await handle.signal(signal, about)
          await until(async () => (await details()).includes(`ignored signal: ${kind}: its argument is neither the id of a step nor an object`))
        }
      }
      expect(system.receiver.at(path)).toHaveLength(1)
      const { Status, Incidents } = await cycle.transaction(transaction)
      expect([Status, Incidents]).toEqual([before.Status, before.Incidents])
      await handle.signal('retryStep')
      await cycle.settled(transaction, ['Completed'])
    } finally {
      await connection.close()
    }
    expect(system.receiver.at(path)).toHaveLength(2)
  })
})
