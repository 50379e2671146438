import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/provision/ports.ts'

describe('free ports (operations.md 1)', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function occupy(port: number, host: string): Promise<number> {
    const server = createServer()
    servers.push(server)
    await new Promise<void>((done, failed) => server.on('error', failed).listen(port, host, done))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no address')
    return address.port
  }

  it('the port that is wished for is used where it is free', async () => {
    const port = await freePort(0)
    expect(await freePort(port)).toBe(port)
  })

  it('where it is taken the next free one is used', async () => {
    const taken = await occupy(0, '127.0.0.1')
    const port = await freePort(taken)
    expect(port).toBeGreaterThan(taken)
    expect(port).toBeLessThan(taken + 100)
  })
})
