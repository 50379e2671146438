/**
 * Records the histories that `replay.test.ts` replays: `npx tsx test/histories/record.ts host:port [name]`, on a Temporal with the namespace `flywheel`.
 * A recorded history stays as it is: one that no longer replays is a change of the kernel (architecture.md 4). New scenarios are added.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { createRig } from '../workflows/real.ts'
import { scenarios } from './scenarios.ts'

/** What tells about the machine and is not needed for a replay. */
const DROPPED = new Set(['stackTrace', 'identity', 'binaryChecksum', 'workerVersion', 'firstWorkflowTaskBackoff'])

function scrub(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scrub)
  if (typeof value === 'string') return value.replaceAll(`@${hostname()}`, '@worker')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([name, child]) => (DROPPED.has(name) ? [] : [[name, scrub(child)]])))
}

const [address = '127.0.0.1:7233', only] = process.argv.slice(2)
const rig = await createRig(address)
try {
  for (const { name, play } of scenarios) {
    const file = join(import.meta.dirname, `${name}.json`)
    if (only === undefined ? existsSync(file) : only !== name) continue
    const handle = await play(rig)
    const history = await handle.fetchHistory()
    for (const activity of Object.keys(rig.activities)) Reflect.deleteProperty(rig.activities, activity)
    writeFileSync(file, `${JSON.stringify(scrub(JSON.parse(historyToJSON(history))), undefined, 1)}\n`)
    console.log(`${name}: ${history.events?.length ?? 0} events`)
    await handle.terminate('recorded').catch(() => undefined)
  }
} finally {
  await rig.close()
}
