/** Brings the cycles of an account to what documents say: each document is the cycle of its name. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { CycleDocument } from '../domain/document.ts'
import { cycle, type Cycle } from './answers.ts'
import type { Api } from './api.ts'
import { bodyOf, refusal, type Applied } from './applied.ts'
import { cyclePath } from './cycle.ts'
import type { Valid } from './documents.ts'
import { CliError } from './exit.ts'
import { compare } from './same.ts'

export interface ApplyOptions {
  /** Starts those that do not run. */
  readonly start: boolean
  /** Stops one that runs to change it, and starts it again. */
  readonly restart: boolean
  /** With `restart`: how long what is in progress and queued may take to end (ms); undefined: it stops where it is. */
  readonly finishMs: number | undefined
}

export interface AppliedCycle extends Applied {
  /** As it stands now; undefined where it was not made. */
  readonly cycle?: Cycle
}

const POLL_MS = 500

/** `known`: all cycles of the account. What the server refuses is told in the result; throws what would keep the next document from being applied too. */
export async function applyDocument(api: Api, checked: Valid<CycleDocument>, known: readonly Cycle[], options: ApplyOptions): Promise<AppliedCycle> {
  const [before, ...others] = known.filter(({ Name }) => Name === checked.document.name)
  const ids = others.map(({ Id }) => Id).join(', ')
  if (before === undefined) return create(api, checked, options)
  if (ids !== '')
    return { result: 'refused', problem: new CliError('refused', `Other cycles have the same name: rename or delete all but one (${before.Id}, ${ids}).`) }
  const same = compare(z.json().parse(checked.document), before.Definition)
  const runs = before.Status === 'Active' || before.Status === 'Stopping'
  if (same === 'same') return running(api, 'unchanged', before, options.start)
  if (!runs || options.restart) return update(api, checked, before, options)
  if (same === 'other') {
    return { result: 'refused', cycle: before, problem: new CliError('refused', `It is ${before.Status}: --restart stops it, changes it and starts it again.`) }
  }
  const note = 'Its secrets cannot be compared with those that the server has: --restart writes them.'
  return { ...(await running(api, 'unchanged', before, options.start)), note }
}

async function create(api: Api, checked: Valid<CycleDocument>, { start }: ApplyOptions): Promise<AppliedCycle> {
  try {
    return await running(api, 'created', await save(api, 'POST', '/cycles', checked), start)
  } catch (error) {
    return { result: 'refused', problem: refusal(error) }
  }
}

async function update(api: Api, checked: Valid<CycleDocument>, before: Cycle, { start, finishMs }: ApplyOptions): Promise<AppliedCycle> {
  const runs = before.Status === 'Active' || before.Status === 'Stopping'
  try {
    if (runs) await stop(api, before, finishMs)
    const saved = await save(api, 'PUT', cyclePath(before.Id), checked)
    return await running(api, 'updated', saved, start || before.Status === 'Active')
  } catch (error) {
    const problem = refusal(error)
    // What ran before runs again, with the document that it had.
    const now = before.Status === 'Active' ? await activated(api, 'refused', before) : {}
    return { cycle: before, ...now, result: 'refused', problem }
  }
}

/** The cycle, Active where it is to be. */
async function running(api: Api, result: Applied['result'], now: Cycle, start: boolean): Promise<AppliedCycle> {
  return start && now.Status !== 'Active' ? activated(api, result, now) : { result, cycle: now }
}

/** What keeps it from being started is a problem of its own. */
async function activated(api: Api, result: Applied['result'], now: Cycle): Promise<AppliedCycle> {
  try {
    return { result, cycle: (await api.call('PUT', `${cyclePath(now.Id)}/activate`, cycle)).value }
  } catch (error) {
    const { exit, message, facts } = refusal(error)
    return { result, cycle: now, problem: new CliError(exit, `It was not started: ${message}`, facts) }
  }
}

async function stop(api: Api, { Id }: Cycle, finishMs: number | undefined): Promise<void> {
  const query = finishMs === undefined ? {} : { finishQueuedTransactions: 'true' }
  let { value: now } = await api.call('PUT', `${cyclePath(Id)}/deactivate`, cycle, { query })
  const until = performance.now() + (finishMs ?? 0)
  while (now.Status !== 'Stopped') {
    if (performance.now() >= until) {
      throw new CliError(
        'refused',
        `It was not changed: ${now.InProgressTransactionCount} transactions in progress and ${now.QueuedTransactionCount} queued did not end in time.`,
      )
    }
    await sleep(POLL_MS)
    now = (await api.call('GET', cyclePath(Id), cycle)).value
  }
}

async function save(api: Api, method: string, path: string, checked: Valid<CycleDocument>): Promise<Cycle> {
  return (await api.call(method, path, cycle, bodyOf(checked))).value
}
