import type * as dns from 'node:dns'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createNotifier } from '../../../activities/http/notifier.ts'

/** What the name stands for, at each look. */
let address = '127.0.0.2'
vi.mock('node:dns', async original => ({
  ...(await original<typeof dns>()),
  lookup: (_name: string, _options: object, done: (error: null, found: dns.LookupAddress[]) => void) => done(null, [{ address, family: 4 }]),
}))

let port = 0
let calls = 0
const server = createServer((_req, res) => {
  calls++
  res.writeHead(200, { connection: 'close' }).end()
})
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve))
  const bound = server.address()
  port = bound === null || typeof bound === 'string' ? 0 : bound.port
})
afterAll(() => void server.close())

test('a receiver whose name changes its address is judged at each connection (operations.md 4)', async () => {
  const notifier = createNotifier({ allowPrivateAddresses: false, allowedAddresses: ['127.0.0.2/32'] })
  const post = () => notifier.post(`http://receiver.example:${port}/`, {}, '{}', new AbortController().signal)
  try {
    expect(await post()).toMatchObject({ status: 200 })
    address = '127.0.0.1'
    const refused = await post()
    expect(refused).toMatchObject({ error: expect.stringContaining('Calls to receiver.example are not allowed') })
    expect(refused.error).not.toContain('127.0.0.1')
    address = '127.0.0.2'
    expect(await post()).toMatchObject({ status: 200 })
    expect(calls).toBe(2)
  } finally {
    await notifier.close()
  }
})
