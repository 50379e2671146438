/** The SDK's runtime of this process: its log lines become ours, its signals are left to us, its metrics are read by us. */
import { createServer } from 'node:net'
import { Runtime } from '@temporalio/worker'
import { makeTemporalLogger, type LeveledLogger } from './temporal-logger.ts'

/** Installs it, before any other use of the SDK's worker. Answers a reader of Temporal's own metrics, as Prometheus text. */
export async function installRuntime(logger: LeveledLogger): Promise<() => Promise<string>> {
  const port = await freePort()
  Runtime.install({
    logger: makeTemporalLogger(logger),
    shutdownSignals: [],
    telemetryOptions: { metrics: { prometheus: { bindAddress: `127.0.0.1:${port}` } } },
  })
  return async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2_000) })
    return answer.text()
  }
}

/** The SDK cannot tell which port it took, so a free one is looked for. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address === null || typeof address === 'string' ? reject(new Error('no port is free')) : resolve(address.port)))
    })
  })
}
