import { createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/provision/ports.ts'
import { startReceiver, type ReceiverAnswer, type TestReceiver } from '../support/receiver.ts'
import { flywheel, folder } from './harness.ts'

let server: TestReceiver
/** Answers beside the token's, by what is asked for. */
let answer: (path: string, query: URLSearchParams) => ReceiverAnswer
beforeAll(async () => {
  server = await startReceiver(({ path, query }) => (path === '/oauth/token' ? { body: { access_token: 't' } } : answer(path, query)))
})
beforeEach(() => {
  answer = () => ({ body: [] })
})
afterAll(() => server.close())

const ask = (url: string, ...args: readonly string[]) => flywheel([...args, '--url', url, '--client-id', 'a', '--client-secret', 'b', '--account', 'acme'])

const cycleNamed = (n: number) => ({
  Id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  Name: `Cycle ${n}`,
  Description: '',
  Tags: [],
  Status: 'Paused',
  CreatedOnUtc: '2026-01-31T00:00:00Z',
  Webhooks: [],
  InProgressTransactionCount: 0,
  QueuedTransactionCount: 0,
  WaitingTransactionCount: 0,
  ErrorCount: 0,
  WarningCount: 0,
  Definition: {},
})
const transactionNumber = (n: number) => ({
  Id: `t${n}`,
  Status: 'Completed',
  AcceptedAt: '2026-01-31T00:00:00Z',
  StartedAt: null,
  EndedAt: null,
  ErrorCount: 0,
  WarningCount: 0,
})
const ids = (json: string): string[] => {
  const list: { Id: string }[] = JSON.parse(json)
  return list.map(({ Id }) => Id)
}

describe('lists', () => {
  it('are read page by page (api.md: Total-Pages)', async () => {
    answer = (_, query) => {
      const page = Number(query.get('page'))
      return { body: [cycleNamed(page), cycleNamed(page + 10)], headers: { 'total-pages': '3' } }
    }
    const { out } = await ask(server.url, 'cycles', 'list', '--json')
    expect(ids(out).map(id => Number(id.slice(-3)))).toEqual([1, 11, 2, 12, 3, 13])
  })

  it('that come newest first go on behind the last id, up to the limit', async () => {
    const all = Array.from({ length: 1_203 }, (_, n) => transactionNumber(n))
    answer = (_, query) => {
      const from = query.get('after') === null ? 0 : all.findIndex(({ Id }) => Id === query.get('after')) + 1
      return { body: all.slice(from, from + Number(query.get('pageSize'))) }
    }
    const list = async (...args: readonly string[]) => ids((await ask(server.url, 'transactions', 'list', cycleNamed(1).Id, '--json', ...args)).out).length
    expect([await list(), await list('--limit', '700'), await list('--all')]).toEqual([50, 700, 1_203])
  })
})

describe('several files to import', () => {
  it('are sent in turn, all but the last one with more to come, as they are', async () => {
    answer = () => ({ body: [{ Name: 'Accounts', Made: 1, Unchanged: 0 }] })
    const cwd = folder({ 'a.json': '{ "a": 1.0 }', 'b.json': '{"b":2}' })
    const { code, out } = await flywheel(['import', 'a.json', 'b.json', '--url', server.url, '--client-id', 'a', '--client-secret', 'b', '--json'], { cwd })
    const sent = server.at('/v1.0/import').map(({ query, text }) => [query.get('more'), text])
    expect([code, sent]).toEqual([
      0,
      [
        ['true', '{ "a": 1.0 }'],
        ['false', '{"b":2}'],
      ],
    ])
    expect(JSON.parse(out)).toEqual(['a.json', 'b.json'].map(File => ({ File, Imported: [{ Name: 'Accounts', Made: 1, Unchanged: 0 }] })))
  })
})

describe('what goes wrong has a message and an exit code of its own', () => {
  it('a server that cannot be reached', async () => {
    const url = `http://127.0.0.1:${await freePort(0)}`
    expect(await ask(url, 'cycles', 'list')).toEqual({ code: 3, out: '', err: `Flywheel cannot be reached at ${url}: nothing listens there.\n` })
    expect((await ask('http://nowhere.invalid', 'cycles', 'list')).code).toBe(3)
  })

  it('a connection that breaks', async () => {
    const broken = createServer(socket => socket.destroy())
    const port = await freePort(0)
    await new Promise<void>(done => broken.listen(port, '127.0.0.1', done))
    const { code, err } = await ask(`http://127.0.0.1:${port}`, 'cycles', 'list')
    broken.close()
    expect([code, err]).toEqual([3, expect.stringContaining('cannot be reached')])
  })

  it('another server than Flywheel', async () => {
    answer = () => ({ status: 404, body: '<html>' })
    const { code, err } = await ask(server.url, 'cycles', 'list')
    expect([code, err]).toEqual([3, `What answers at ${server.url} is not Flywheel, or of another version: 404 text/plain.\n`])
    answer = () => ({ body: [{ Something: 'else' }] })
    expect((await ask(server.url, 'cycles', 'list')).code).toBe(3)
  })

  it('a failure of the server, with the id that its log has', async () => {
    answer = () => ({ status: 503, body: { Message: 'The storage does not answer. Try again.', Code: 'service_unavailable', Id: 'x-1' } })
    expect(await ask(server.url, 'cycles', 'list')).toEqual({
      code: 6,
      out: '',
      err: "The storage does not answer. Try again. The server's log tells more under x-1.\n",
    })
    const { err } = await ask(server.url, 'cycles', 'list', '--json')
    expect(JSON.parse(err)).toEqual({ ExitCode: 6, Message: expect.any(String), Status: 503, Code: 'service_unavailable', Id: 'x-1' })
    answer = () => ({ status: 502, body: '<html>' })
    expect((await ask(server.url, 'cycles', 'list')).code).toBe(6)
  })
})
