/** New and changed transactions of a cycle, as they come. */
import { setTimeout as sleep } from 'node:timers/promises'
import { transaction, transactionDetails, type Transaction } from './answers.ts'
import type { Answer, Api } from './api.ts'
import { CliError } from './exit.ts'

export interface FollowOptions {
  /** How many of those that were there before come first. */
  readonly lines: number
  readonly intervalMs: number
  /** The server does not answer at the moment; it is asked again. */
  readonly trouble: (message: string) => void
}

/** So many of the newest are looked at each time, and so many of those in progress, however old they are. */
const WATCHED = 500
/** Most that are looked up one by one each time: those that were in progress, are not any more, and are not among the newest. */
const LOOKED_UP = 50
/** Longest pause while the server does not answer (ms). */
const PAUSE_MAX = 30_000

type Seen = Answer<Transaction>

/** Oldest first. Goes on until it is left; throws what no repetition mends (the cycle is gone). */
export async function* follow(api: Api, transactions: string, { lines, intervalMs, trouble }: FollowOptions): AsyncGenerator<Seen> {
  let known = await look(api, transactions, new Map())
  yield* [...known.values()].toSorted(byAge).slice(-lines)
  for (let pause = intervalMs; ;) {
    await sleep(pause)
    try {
      const now = await look(api, transactions, known)
      const changed = [...now.values()].filter(one => stateOf(one) !== stateOf(known.get(one.value.Id)))
      known = now
      pause = intervalMs
      yield* changed.toSorted(byAge)
    } catch (error) {
      if (!(error instanceof CliError && (error.exit === 'unreachable' || error.exit === 'failed'))) throw error
      trouble(error.message)
      pause = Math.min(Math.max(pause * 2, 1_000), PAUSE_MAX)
    }
  }
}

/** What can be seen now, by id. */
async function look(api: Api, transactions: string, known: ReadonlyMap<string, Seen>): Promise<Map<string, Seen>> {
  const [newest, running] = await Promise.all([
    api.first(transactions, transaction, WATCHED),
    api.first(transactions, transaction, WATCHED, { status: 'InProgress' }),
  ])
  // The one that was in progress may be listed twice; the later look counts.
  const now = new Map([...newest, ...running].map(one => [one.value.Id, one]))
  const ended = [...known.values()].filter(({ value }) => value.Status === 'InProgress' && !now.has(value.Id)).slice(0, LOOKED_UP)
  for (const one of await Promise.all(ended.map(({ value }) => lookUp(api, `${transactions}/${encodeURIComponent(value.Id)}`)))) {
    if (one !== undefined) now.set(one.value.Id, one)
  }
  return now
}

/** Undefined where it was removed meanwhile. Its steps and incidents are left out, as in the list. */
async function lookUp(api: Api, path: string): Promise<Seen | undefined> {
  try {
    const { raw, headers } = await api.call('GET', path, transactionDetails)
    const value = transaction.parse(raw)
    return { value, raw: value, headers }
  } catch (error) {
    if (error instanceof CliError && error.facts.Status === 404) return undefined
    throw error
  }
}

const stateOf = (one: Seen | undefined): string | undefined =>
  one && JSON.stringify([one.value.Status, one.value.StartedAt, one.value.EndedAt, one.value.ErrorCount, one.value.WarningCount])

const byAge = (a: Seen, b: Seen): number => Date.parse(a.value.AcceptedAt) - Date.parse(b.value.AcceptedAt)
