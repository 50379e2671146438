import { describe, expect, it } from 'vitest'
import { compare } from '../../cli/same.ts'
import { pairs, table } from '../../cli/print/table.ts'
import { instant, took } from '../../cli/print/time.ts'

const plain = { colour: false }

describe('tables', () => {
  it('are aligned, whatever characters are in them', () => {
    const text = table(
      plain,
      ['NAME', 'STATE', 'ID'],
      [
        ['Orders', 'Active', '1'],
        ['注文', 'Stopped', '22'],
      ],
      'none',
    )
    expect(text).toBe('NAME    STATE    ID\nOrders  Active   1\n注文    Stopped  22\n')
    expect(table(plain, ['NAME'], [], 'There is nothing.')).toBe('There is nothing.\n')
    expect(
      pairs(plain, [
        ['Name', 'x'],
        ['Status', 'Active'],
      ]),
    ).toBe('Name:    x\nStatus:  Active\n')
  })

  it('have colours where it is a terminal, and never the control characters of what they show', () => {
    const rows = [['\u001b[2Jname\nof two lines', 'Errored', '']]
    expect(table(plain, ['NAME', 'STATUS', 'ID'], rows, '')).toBe('NAME                   STATUS   ID\n [2Jname of two lines  Errored\n')
    expect(table({ colour: true }, ['NAME', 'STATUS', 'ID'], rows, '')).toContain('\u001b[31mErrored\u001b[39m')
  })
})

describe('times', () => {
  it('are those of the reader, and durations are short', () => {
    const at = new Date(2026, 0, 31, 14, 5, 9)
    expect(instant(at.toISOString())).toBe('2026-01-31 14:05:09')
    expect([instant(null), instant('soon')]).toEqual(['-', 'soon'])
    const after = (ms: number): string => took(at.toISOString(), new Date(at.getTime() + ms).toISOString())
    expect([340, 12_345, 245_000, 7_800_000, 273_600_000].map(after)).toEqual(['340 ms', '12.3 s', '4 min 5 s', '2 h 10 min', '3 d 4 h'])
    expect(took(at.toISOString(), null)).toBe('-')
  })
})

describe('a document beside that of the server', () => {
  it('is the same, another, or may be the same where secrets are hidden', () => {
    const server = { name: 'A', steps: [{ id: 'a', verify: { secret: '********' } }] }
    const withSecret = (secret: string) => ({ steps: [{ verify: { secret }, id: 'a' }], name: 'A' })
    expect(compare(withSecret('********'), server)).toBe('same')
    expect(compare(withSecret('s3cret'), server)).toBe('maybe')
    expect(compare({ ...withSecret('s3cret'), name: 'B' }, server)).toBe('other')
    expect(compare({ name: 'A', steps: [] }, server)).toBe('other')
    expect(compare({ ...server, tags: [] }, server)).toBe('other')
    expect(compare({ a: 1 }, { a: '1' })).toBe('other')
  })
})
