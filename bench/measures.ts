/** One thing that is measured, and the table that comes of all rounds. */
import type { Group } from './options.ts'
import type { Figures } from './load/figures.ts'
import { median } from './load/figures.ts'

export interface Measure {
  readonly group: Group
  readonly name: string
  /** What counts: `rate` things a second, more is better; `time` p50 in ms, less is better. */
  readonly counts: 'rate' | 'time'
  /** Name of the measure that this one is set beside. */
  readonly beside?: string
  /** How it was measured, for the table. */
  readonly method: string
  /** Bound for the ratio that the project holds itself to: at least for rates, at most for times. */
  readonly bound?: number
  run(round: number): Promise<Figures>
}

export interface Row {
  readonly measure: Measure
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Median of the rounds' own ratios. */
  readonly ratio: number | undefined
  readonly lowest: number | undefined
  readonly highest: number | undefined
  readonly rounds: number
}

export type Results = ReadonlyMap<string, readonly Figures[]>

/** Ratios are made round by round, of two measurements of the same minute, and the median of them is told. */
export function rows(measures: readonly Measure[], results: Results): Row[] {
  return measures.flatMap(measure => {
    const mine = results.get(measure.name) ?? []
    if (mine.length === 0) return []
    const theirs = measure.beside === undefined ? [] : (results.get(measure.beside) ?? [])
    const ratios = mine.flatMap((figures, round) => {
      const other = theirs[round]
      return other === undefined ? [] : [measure.counts === 'rate' ? figures.perSecond / other.perSecond : figures.p50 / other.p50]
    })
    const none = ratios.length === 0
    return [
      {
        measure,
        perSecond: median(mine.map(f => f.perSecond)),
        p50: median(mine.map(f => f.p50)),
        p99: median(mine.map(f => f.p99)),
        ratio: none ? undefined : median(ratios),
        lowest: none ? undefined : Math.min(...ratios),
        highest: none ? undefined : Math.max(...ratios),
        rounds: mine.length,
      },
    ]
  })
}

const number = (n: number): string => (n >= 100 ? Math.round(n).toLocaleString('en-US') : n >= 10 ? n.toFixed(1) : n.toFixed(n < 0.1 ? 4 : 2))

const held = (row: Row): string => {
  const { bound, counts } = row.measure
  if (bound === undefined || row.ratio === undefined) return ''
  const fine = counts === 'rate' ? row.ratio >= bound : row.ratio <= bound
  return `${counts === 'rate' ? '≥' : '≤'} ${bound}: ${fine ? 'yes' : 'no'}`
}

const HEAD = ['measured', 'a second', 'p50 ms', 'p99 ms', 'ratio', 'of its rounds', 'beside', 'wanted'] as const

/** The table as cells, for the terminal and for Markdown alike. */
export function cells(found: readonly Row[]): string[][] {
  return [
    [...HEAD],
    ...found.map(row => [
      row.measure.name,
      number(row.perSecond),
      number(row.p50),
      number(row.p99),
      row.ratio === undefined ? '' : row.ratio.toFixed(2),
      row.lowest === undefined || row.highest === undefined ? '' : `${row.lowest.toFixed(2)} to ${row.highest.toFixed(2)}`,
      row.measure.beside ?? '',
      held(row),
    ]),
  ]
}

/** For the terminal: columns as wide as their widest cell. */
export function asText(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map(line => (line[i] ?? '').length)))
  return table
    .map(line =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function asMarkdown(table: readonly (readonly string[])[]): string {
  const [head = [], ...lines] = table
  return [head, head.map(() => '---'), ...lines].map(line => `| ${line.join(' | ')} |`).join('\n')
}
