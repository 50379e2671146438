/** Starts what `npm start` starts, unless it runs already; sets the demonstration up over the API; serves the product and its applications. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BOARD_KEY, PARCELBOX_KEY } from '../../examples/host-app/demo/apps.ts'
import { isAlive, readLock } from '../start/lock.ts'
import { serveDemo, type Demo } from './serve.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Runs until it is told to stop; ends the process. */
export async function main(): Promise<void> {
  if (existsSync(join(ROOT, '.env'))) process.loadEnvFile(join(ROOT, '.env'))
  const data = resolve(ROOT, process.env.DATA_DIR ?? '.data')
  let child: ChildProcess | undefined
  const servers: Server[] = []
  let stopping: Promise<void> | undefined
  const stop = (code: number): Promise<void> => {
    stopping ??= (async () => {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
      process.exit(code)
    })()
    return stopping
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0))

  try {
    let url = running(data)
    if (url === undefined) {
      // In a process group of its own: Ctrl-C reaches this process alone, which ends it.
      child = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs')], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
      const ended = once(child, 'exit').then(() => true)
      while ((url = running(data)) === undefined) {
        if (await Promise.race([ended, sleep(200, false)])) return await stop(1)
      }
      void ended.then(() => stop(1))
    }
    tell(await serveDemo(url, data, servers))
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
    await stop(1)
  }
}

/** The address of the Flywheel that runs in this checkout, once it is up. */
function running(data: string): string | undefined {
  const lock = readLock(join(data, 'lock.json'))
  return lock !== undefined && isAlive(lock) ? lock.url : undefined
}

function tell({ hostUrl, appsUrl }: Demo): void {
  process.stdout.write(`
The demonstration runs: Loaf, an order desk for bakeries.

  Loaf              ${hostUrl}/integrations
  Its applications  ${appsUrl}   (what arrived in them)

  Ledgerly asks you to agree in a window of its own. What the others ask for:
    Parcelbox       key ${PARCELBOX_KEY}, depot north or harbour
    Kitchen board   address ${appsUrl}/board, key ${BOARD_KEY}

Ctrl-C stops all of it that this started.
`)
}
