/** Entry of a sandbox thread: does the jobs it is sent, one after another, and tells which one is running. */
import { parentPort, workerData } from 'node:worker_threads'
import { createEngine } from './engine.ts'
import { progress } from './jobs.ts'
import type { Done, FromThread, Job, ThreadData } from './jobs.ts'

const data: ThreadData = workerData
const shared = new Int32Array(data.shared)
const port = parentPort
if (port === null) throw new Error('scripting/thread is started as a thread')

const waiting: Job[] = []
let busy = false
let engine = await createEngine(data)

async function work(): Promise<void> {
  busy = true
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    Atomics.store(shared, progress.running, job.number)
    if (job.number > Atomics.load(shared, progress.skipTo)) {
      const done: Done = { number: job.number, outcome: engine.run(job.work) }
      port?.postMessage(done)
      if (engine.broken) engine = await createEngine(data)
    }
    Atomics.store(shared, progress.running, 0)
  }
  busy = false
}

port.on('message', (job: Job) => {
  waiting.push(job)
  if (!busy) void work()
})

const ready: FromThread = 'ready'
port.postMessage(ready)
