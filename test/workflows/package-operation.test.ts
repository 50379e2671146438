import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Activities } from '../../activities/index.ts'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { CANNOT_INSTALL, OPERATION_OVER, type PackageOperationInput } from '../../workflows/messages-package.ts'
import { packageOperationStart } from '../../workflows/start-package.ts'
import { until } from '../support/until.ts'
import { createRig, type Rig } from './real.ts'

let rig: Rig
/** What was done, in order. */
let calls: string[]
/** How the account's cycles stand, by name. */
let states: { [name: string]: 'Active' | 'Paused' | 'Stopped' | 'Gone' }
beforeAll(async () => {
  rig = await createRig(inject('temporalAddress'))
})
afterAll(() => rig.close())

const NAMES = ['Orders', 'Stock', 'Returns']
let cycles: PackageOperationInput['cycles']
const nameOf = (cycle: string): string => cycles.find(one => one.cycle === cycle)?.name ?? '?'
const cannot = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, CANNOT_INSTALL)

beforeEach(() => {
  calls = []
  states = {}
  cycles = NAMES.map(name => ({ cycle: asCycleId(randomUUID()), name }))
  for (const name of Object.keys(rig.activities)) Reflect.deleteProperty(rig.activities, name)
  Object.assign(rig.activities, {
    installCycle: async (_at, cycle) => void calls.push(`install ${nameOf(cycle)}`),
    removeCycle: async (_at, cycle) => void calls.push(`remove ${nameOf(cycle)}`),
    stopCycle: async ({ cycle }) => void calls.push(`stop ${nameOf(cycle)}`),
    examineCycles: async () => cycles.map(({ cycle, name }) => ({ cycle, state: states[name] ?? 'Stopped', problems: [] })),
    startCycle: async (_at, cycle, orStop) => (calls.push(`start ${nameOf(cycle)}${orStop ? ' or stop' : ''}`), []),
    finishOperation: async (_at, { status, errors }) => (calls.push(`${status} ${errors.join()}`.trim()), []),
  } satisfies Partial<Activities>)
})

async function start(kind: PackageOperationInput['kind'], more: Partial<PackageOperationInput> = {}): Promise<WorkflowHandle> {
  const place = { account: asAccountId(randomUUID()), operation: randomUUID(), packageId: '12', packageName: 'Orders to ERP', accountName: 'Acme' }
  const { workflowType, ...options } = packageOperationStart({ ...place, kind, cycles, autoStart: true, ...more }, rig.taskQueue)
  return rig.client.workflow.start(workflowType, options)
}
const run = async (kind: PackageOperationInput['kind'], more?: Partial<PackageOperationInput>): Promise<unknown> => (await start(kind, more)).result()
const failed = (...errors: string[]) => expect.objectContaining({ cause: expect.objectContaining({ type: 'operationFailed', message: errors.join('\n') }) })
async function failure(kind: PackageOperationInput['kind']): Promise<unknown> {
  return run(kind).catch((error: unknown) => error)
}

describe('an installation', () => {
  it('makes the cycles in the order of the templates, starts them, and ends', async () => {
    expect(await run('install')).toEqual({ status: 'Completed', errors: [] })
    expect(calls).toEqual([...NAMES.map(name => `install ${name}`), ...NAMES.map(name => `start ${name} or stop`), 'Completed'])
  })

  it('starts none where the package says so', async () => {
    await run('install', { autoStart: false })
    expect(calls).toEqual([...NAMES.map(name => `install ${name}`), 'Completed'])
  })

  it('is complete also where a cycle cannot be started: that is an error of it', async () => {
    rig.activities.startCycle = async (_at, cycle) => (nameOf(cycle) === 'Stock' ? ['Failed to start cycle "Stock"'] : [])
    expect(await run('install')).toEqual({ status: 'Completed', errors: ['Failed to start cycle "Stock"'] })
    expect(calls.at(-1)).toBe('Completed Failed to start cycle "Stock"')
  })

  it('that fails on the third template removes what was made, the last first, and says why', async () => {
    rig.activities.installCycle = async (_at, cycle) => {
      calls.push(`install ${nameOf(cycle)}`)
      if (nameOf(cycle) === 'Returns') throw cannot('the template is not there')
    }
    expect(await failure('install')).toEqual(failed('the template is not there'))
    expect(calls).toEqual([...NAMES.map(name => `install ${name}`), 'remove Returns', 'remove Stock', 'remove Orders', 'Failed the template is not there'])
  })

  it('that an operator cancels is undone', async () => {
    rig.activities.installCycle = async (_at, cycle) => {
      calls.push(`install ${nameOf(cycle)}`)
      if (nameOf(cycle) === 'Stock') throw new Error('Redis is away')
    }
    const handle = await start('install')
    await until(() => calls.includes('install Stock'))
    await handle.cancel()
    expect(await handle.result().catch((error: unknown) => error)).toEqual(failed('An operator cancelled the operation'))
    expect(calls.slice(-4)).toEqual(['remove Returns', 'remove Stock', 'remove Orders', 'Failed An operator cancelled the operation'])
  })

  it('whose record has ended does nothing and removes nothing', async () => {
    rig.activities.installCycle = async () => {
      throw ApplicationFailure.nonRetryable('over', OPERATION_OVER)
    }
    expect(await run('install')).toEqual({ status: 'Over', errors: [] })
    expect(calls).toEqual([])
  })

  it('goes on when Redis is back', async () => {
    let tries = 0
    rig.activities.finishOperation = async () => {
      if (++tries < 3) throw new Error('Redis is away')
      return []
    }
    expect(await run('install')).toMatchObject({ status: 'Completed' })
    expect(tries).toBe(3)
  })
})

describe('an uninstallation', () => {
  it('removes the cycles, and goes on where an operator cancels it', async () => {
    let asked = () => {}
    const cancelled = new Promise<void>(resolve => (asked = resolve))
    rig.activities.removeCycle = async (_at, cycle) => {
      calls.push(`remove ${nameOf(cycle)}`)
      await cancelled
    }
    const handle = await start('uninstall')
    await until(() => calls.length === 1)
    await handle.cancel()
    asked()
    expect(await handle.result()).toMatchObject({ status: 'Completed' })
    expect(calls).toEqual([...NAMES.map(name => `remove ${name}`), 'Completed'])
  })
})

describe('a start', () => {
  it('starts those that do not run; what was deleted by hand is passed over', async () => {
    states = { Orders: 'Active', Stock: 'Gone', Returns: 'Paused' }
    await run('start')
    expect(calls).toEqual(['start Returns', 'Completed'])
  })

  it('of which one cannot start fails with the whole list, and starts none', async () => {
    rig.activities.examineCycles = async () => cycles.map(({ cycle, name }) => ({ cycle, state: 'Stopped', problems: name === 'Orders' ? [] : [`no ${name}`] }))
    expect(await failure('start')).toEqual(failed('no Stock', 'no Returns'))
    expect(calls).toEqual(['Failed no Stock,no Returns'])
  })

  it('of which one cannot start after all stops those that it started, and only those', async () => {
    states = { Orders: 'Active' }
    rig.activities.startCycle = async (_at, cycle) => (calls.push(`start ${nameOf(cycle)}`), nameOf(cycle) === 'Returns' ? ['no Returns'] : [])
    expect(await failure('start')).toEqual(failed('no Returns'))
    expect(calls).toEqual(['start Stock', 'start Returns', 'stop Returns', 'stop Stock', 'Failed no Returns'])
  })

  it('is undone where a cycle no longer runs at its end', async () => {
    rig.activities.finishOperation = async (_at, { status }) => (calls.push(status), status === 'Completed' ? ['Stock was stopped'] : [])
    expect(await failure('start')).toEqual(failed('Stock was stopped'))
    expect(calls.slice(-5)).toEqual(['Completed', 'stop Returns', 'stop Stock', 'stop Orders', 'Failed'])
  })
})

describe('a stop', () => {
  it('stops all cycles, and again where one was started meanwhile', async () => {
    let finishes = 0
    rig.activities.finishOperation = async () => (++finishes === 1 ? ['Orders runs'] : [])
    expect(await run('stop')).toMatchObject({ status: 'Completed' })
    expect(calls).toEqual([...NAMES, ...NAMES].map(name => `stop ${name}`))
  })
})

describe('operators', () => {
  it('find an operation by account and package, and read what it does and how far it is (operations.md 5)', async () => {
    let go = () => {}
    const gate = new Promise<void>(resolve => (go = resolve))
    rig.activities.startCycle = async () => (await gate, ['Failed to start cycle "Orders"'])
    const handle = await start('install')
    const details = async (): Promise<string> => (await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')).currentDetails ?? ''
    const text = await until(async () => {
      const found = await details()
      return found.includes('Starting') && found
    })
    expect(text.split('\n')).toEqual([
      '**Running**: Installing `Orders to ERP` (package 12) in `Acme`',
      ...NAMES.map(name => `- Installing \`${name}\`: done`),
      '- Starting `Orders` …',
    ])
    go()
    await handle.result()
    expect((await details()).split('\n').slice(-2)).toEqual(['- `Failed to start cycle "Orders"`', '- `Failed to start cycle "Orders"`'])
    const { searchAttributes, workflowId } = await handle.describe()
    expect(workflowId).toMatch(/^operation\/[0-9a-f-]{36}$/)
    expect(searchAttributes).toMatchObject({ AccountId: [expect.any(String)], PackageId: ['12'] })
    const { events } = await handle.fetchHistory()
    const summaries = (events ?? []).flatMap(({ userMetadata }) => userMetadata?.summary?.data ?? []).map(data => Buffer.from(data).toString())
    expect(summaries).toEqual(['"Install Orders to ERP · Acme"', ...NAMES.map(n => `"Installing ${n}"`), ...NAMES.map(n => `"Starting ${n}"`), '"Finishing"'])
  })
})
