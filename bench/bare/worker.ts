/** The baseline's worker: the SDK's defaults. Prints a line when it polls. */
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { NativeConnection, Worker } from '@temporalio/worker'
import type { BareActivities } from './messages.ts'

const { BENCH_TEMPORAL: address, BENCH_REDIS: redisUrl, BENCH_TASK_QUEUE: taskQueue, BENCH_NAMESPACE: namespace } = process.env
if (address === undefined || redisUrl === undefined || taskQueue === undefined || namespace === undefined) throw new Error('started by bench/main.ts only')

const redis = new Redis(redisUrl)
const activities: BareActivities = {
  mark: async what => {
    await redis.incr(`bare:${what}`)
  },
  call: async (url, body) => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    await response.text()
    return body
  },
}

const connection = await NativeConnection.connect({ address })
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue,
  activities,
  workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
})
process.once('SIGTERM', () => worker.shutdown())
const running = worker.run()
process.stdout.write('ready\n')
await running
await connection.close()
await redis.quit()
