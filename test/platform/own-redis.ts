import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectRedis } from '../../platform/redis.ts'
import { freePort } from '../../scripts/provision/ports.ts'
import { provideRedis } from '../../scripts/provision/redis.ts'
import { supervise } from '../../scripts/start/supervise.ts'
import { waitFor } from '../../scripts/start/wait.ts'

export interface OwnRedis {
  readonly url: string
  stop(): Promise<void>
}

/** A Redis of the test's own, set up by these arguments. */
export async function startRedisWith(args: readonly string[]): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-redis-'))
  const port = await freePort(0)
  const command = await provideRedis({ line: () => undefined, progress: () => undefined })
  const server = supervise(
    { name: 'redis', command, args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...args], graceMs: 5_000 },
    { line: () => undefined, started: () => undefined, died: () => undefined },
  )
  const url = `redis://127.0.0.1:${port}`
  const redis = connectRedis(url)
  const late = await waitFor(async () => (await redis.ping()) === 'PONG', 20_000)
  redis.disconnect()
  if (late !== undefined) throw new Error(`Redis does not start: ${late}`)
  return {
    url,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
