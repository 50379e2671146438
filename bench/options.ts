/** What a run of the bench measures, and how much of it. */
import { parseArgs } from 'node:util'

export interface Sizes {
  readonly rounds: number
  /** Requests for Express and for accept, and the longest that one measurement takes. */
  readonly requests: number
  readonly connections: number
  readonly maxMs: number
  /** Transactions from accept to completion. */
  readonly transactions: number
  /** Elements of a list that is split. */
  readonly split: number
  /** Answers with `concurrency` at once, and one after the other. */
  readonly answers: number
  readonly alone: number
  readonly concurrency: number
  /** Waiting transactions in the two phases, and resumes measured in each round. */
  readonly waitingFew: number
  readonly waitingMany: number
  readonly resumes: number
  /** Resumes that are not counted, after each start of a worker. */
  readonly warming: number
  /** Packages of the marketplace whose page is measured, requests for it, and people who install at once. */
  readonly packages: number
  readonly views: number
  readonly people: number
  readonly indexFew: number
  readonly indexMany: number
}

const FULL: Sizes = {
  rounds: 5,
  requests: 30_000,
  connections: 64,
  maxMs: 15_000,
  transactions: 500,
  split: 2_000,
  answers: 400,
  alone: 60,
  concurrency: 16,
  waitingFew: 1_000,
  waitingMany: 20_000,
  resumes: 60,
  warming: 10,
  packages: 300,
  views: 1_000,
  people: 200,
  indexFew: 1_000,
  indexMany: 1_000_000,
}

const QUICK: Sizes = {
  ...FULL,
  rounds: 1,
  requests: 1_000,
  maxMs: 5_000,
  transactions: 30,
  split: 30,
  answers: 30,
  alone: 5,
  waitingFew: 20,
  waitingMany: 40,
  resumes: 4,
  warming: 4,
  packages: 20,
  views: 50,
  people: 5,
  indexFew: 100,
  indexMany: 2_000,
}

export interface Options {
  readonly sizes: Sizes
  readonly quick: boolean
  /** Run api and worker from source instead of `dist/`. */
  readonly source: boolean
  /** Groups to measure. */
  readonly only: ReadonlySet<Group>
  /** Where the table goes. */
  readonly out: string
}

export const GROUPS = ['http', 'asynchronous', 'synchronous', 'split', 'pages', 'resume', 'match'] as const
export type Group = (typeof GROUPS)[number]

export const USAGE = `npm run bench -- [--rounds N] [--quick] [--source] [--only ${GROUPS.join(',')}] [--waiting N] [--transactions N] [--split N] [--requests N] [--out FILE]

--quick     small sizes and one round: whether it works, not how fast it is
--only      these groups only
--waiting   transactions that wait in the second phase of the resume
--split     elements of the list that is split
--source    api and worker from source, not from dist/
--out       default bench/results.md; with --quick or --only nothing is written unless it is given`

/** Throws `TypeError` (wrong flag) or `RangeError` (wrong value) with a message for people. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      source: { type: 'boolean', default: false },
      waiting: { type: 'string' },
      transactions: { type: 'string' },
      split: { type: 'string' },
      requests: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const base = values.quick ? QUICK : FULL
  const number = (name: 'rounds' | 'waiting' | 'transactions' | 'split' | 'requests', fallback: number): number => {
    const text = values[name]
    if (text === undefined) return fallback
    const n = Number(text)
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`--${name}: expected a whole number above 0, not ${text}`)
    return n
  }
  const sizes: Sizes = {
    ...base,
    rounds: number('rounds', base.rounds),
    waitingMany: number('waiting', base.waitingMany),
    transactions: number('transactions', base.transactions),
    split: number('split', base.split),
    requests: number('requests', base.requests),
  }
  // Each resume wants a transaction that nothing was sent to before; the bare ones of the first phase serve both.
  const { waitingFew, resumes, warming } = sizes
  if (sizes.rounds * resumes * 3 + warming * 2 > waitingFew) throw new RangeError(`--rounds: at most ${Math.floor((waitingFew - warming * 2) / resumes / 3)}`)
  const least = waitingFew + sizes.rounds * resumes + warming
  if (sizes.waitingMany < least) throw new RangeError(`--waiting: at least ${least}`)
  return {
    sizes,
    quick: values.quick,
    source: values.source,
    only: groups(values.only),
    out: values.out ?? (values.quick || values.only !== undefined ? '' : 'bench/results.md'),
  }
}

function groups(text: string | undefined): ReadonlySet<Group> {
  if (text === undefined) return new Set(GROUPS)
  const found = new Set<Group>()
  for (const name of text.split(',')) {
    const group = GROUPS.find(g => g === name)
    if (group === undefined) throw new RangeError(`--only: expected some of ${GROUPS.join(', ')}, not ${name}`)
    found.add(group)
  }
  return found
}
