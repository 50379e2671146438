/** Operations on packages, and of cycles, whose histories are recorded: every way that they can go. */
import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { CYCLE_OPERATION, cycleOperationWorkflowId, type CycleOperationInput } from '../../workflows/messages.ts'
import { CANNOT_INSTALL, OPERATION_OVER, type PackageOperationInput } from '../../workflows/messages-package.ts'
import { packageOperationStart } from '../../workflows/start-package.ts'
import { until } from '../support/until.ts'
import { ended, type Scenario } from './scenario.ts'
import type { Rig } from '../workflows/real.ts'

const account = asAccountId('00000000-0000-4000-8000-00000000000a')
const ids = ['1', '2', '3'].map(n => asCycleId(`00000000-0000-4000-8000-00000000000${n}`))
const cycles: PackageOperationInput['cycles'] = ['Orders', 'Stock', 'Returns'].map((name, at) => ({ cycle: ids[at] ?? asCycleId(''), name }))

async function start(rig: Rig, kind: PackageOperationInput['kind']) {
  const input = { account, operation: randomUUID(), kind, packageId: '12', packageName: 'Orders to ERP', accountName: 'Acme', cycles, autoStart: true }
  const { workflowType, ...options } = packageOperationStart(input, rig.taskQueue)
  return rig.client.workflow.start(workflowType, options)
}

async function operate(rig: Rig, op: CycleOperationInput['op']) {
  const cycle = asCycleId(randomUUID())
  const input: CycleOperationInput = { account, cycle, op, epoch: 1 }
  return rig.client.workflow.start(CYCLE_OPERATION, { workflowId: cycleOperationWorkflowId(cycle, op, 1), taskQueue: rig.taskQueue, args: [input] })
}

export const packageScenarios: readonly Scenario[] = [
  {
    name: 'package-installed',
    async play(rig) {
      rig.activities.startCycle = async (_at, cycle) => (cycle === ids[1] ? ['Failed to start cycle "Stock"'] : [])
      return ended(await start(rig, 'install'))
    },
  },
  {
    name: 'package-not-installed',
    async play(rig) {
      rig.activities.installCycle = async (_at, cycle) => {
        if (cycle === ids[2]) throw ApplicationFailure.nonRetryable('the template is not there', CANNOT_INSTALL)
      }
      return ended(await start(rig, 'install'))
    },
  },
  {
    name: 'package-install-cancelled',
    async play(rig) {
      let tries = 0
      rig.activities.installCycle = async (_at, cycle) => {
        if (cycle !== ids[1]) return
        tries++
        throw new Error('Redis is away')
      }
      const handle = await start(rig, 'install')
      await until(() => tries > 0)
      await handle.cancel()
      return ended(handle)
    },
  },
  {
    name: 'package-not-started',
    async play(rig) {
      rig.activities.examineCycles = async () => ids.map((cycle, at) => ({ cycle, state: at === 0 ? 'Active' : 'Stopped', problems: [] }))
      rig.activities.startCycle = async (_at, cycle) => (cycle === ids[2] ? ['Failed to start cycle "Returns"'] : [])
      return ended(await start(rig, 'start'))
    },
  },
  {
    name: 'package-started',
    async play(rig) {
      rig.activities.examineCycles = async () => ids.map(cycle => ({ cycle, state: 'Stopped', problems: [] }))
      return ended(await start(rig, 'start'))
    },
  },
  {
    name: 'package-stopped-twice',
    async play(rig) {
      let tries = 0
      rig.activities.finishOperation = async () => (++tries === 1 ? ['The cycle "Stock" was started meanwhile'] : [])
      return ended(await start(rig, 'stop'))
    },
  },
  {
    name: 'package-removed-meanwhile',
    async play(rig) {
      rig.activities.finishOperation = async () => {
        throw ApplicationFailure.nonRetryable('The operation has ended', OPERATION_OVER)
      }
      return ended(await start(rig, 'uninstall'))
    },
  },
  { name: 'cycle-subscribed', play: async rig => ended(await operate(rig, 'activate')) },
  {
    name: 'subscriptions-given-up',
    async play(rig) {
      rig.activities.unsubscribeCycle = async () => {
        throw ApplicationFailure.nonRetryable('Subscriptions have not ended yet', 'notUnsubscribed')
      }
      return ended(await operate(rig, 'unsubscribe'))
    },
  },
]
