import { describe, expect, it } from 'vitest'
import { figures, median, type Figures } from '../../bench/load/figures.ts'
import { asMarkdown, asText, cells, rows, type Measure } from '../../bench/measures.ts'
import { parseOptions } from '../../bench/options.ts'

const found = (perSecond: number, p50: number): Figures => ({ perSecond, p50, p99: p50 * 2, count: 10 })
const measure = (name: string, more: Partial<Measure> = {}): Measure => ({
  group: 'http',
  name,
  counts: 'rate',
  method: 'by hand',
  run: async () => found(1, 1),
  ...more,
})

describe('figures of a measurement', () => {
  it('are the rate over the whole time and the quantiles of the single times', () => {
    expect(figures([5, 1, 3, 2, 4], 1000)).toEqual({ perSecond: 5, p50: 3, p99: 5, count: 5 })
  })

  it('have as their median the middle one', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2)
  })
})

describe('the table', () => {
  const bare = measure('bare')
  const ours = measure('ours', { beside: 'bare', bound: 0.5 })
  const results = new Map([
    ['bare', [found(100, 1), found(50, 2), found(200, 4)]],
    ['ours', [found(60, 1), found(45, 4), found(100, 2)]],
  ])

  it('tells the median of the ratios of each round, with the lowest and the highest', () => {
    const [, row] = rows([bare, ours], results)
    expect(row).toMatchObject({ ratio: 0.6, lowest: 0.5, highest: 0.9, rounds: 3, perSecond: 60 })
  })

  it('compares times by their medians, less being better', () => {
    const timed = measure('ours', { beside: 'bare', counts: 'time', bound: 1.5 })
    const [row] = rows([timed], results)
    expect(row?.ratio).toBe(1)
    expect(cells([...rows([timed], results)])[1]).toContain('≤ 1.5: yes')
  })

  it('says whether a wanted ratio is held', () => {
    expect(cells(rows([measure('ours', { beside: 'bare', bound: 0.7 })], results))[1]).toContain('≥ 0.7: no')
  })

  it('leaves out what was not measured', () => {
    expect(rows([measure('other')], results)).toEqual([])
  })

  it('is written for the terminal and as Markdown', () => {
    const table = cells(rows([bare, ours], results))
    expect(asText(table).split('\n')).toHaveLength(3)
    expect(asMarkdown(table).split('\n')[1]).toMatch(/^\| --- \|/)
  })
})

describe('the flags of the bench', () => {
  it('take small sizes with --quick, and write no results unless they are told to', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ quick: true, out: '', sizes: { rounds: 1 } })
    expect(parseOptions([])).toMatchObject({ quick: false, out: 'bench/results.md', sizes: { rounds: 5, waitingMany: 20_000, indexMany: 1_000_000 } })
  })

  it.each([[['--rounds', '0']], [['--rounds', 'x']], [['--only', 'speed']], [['--waiting', '5']], [['--rounds', '50']]])('refuse %j', args => {
    expect(() => parseOptions(args)).toThrow(RangeError)
  })
})
