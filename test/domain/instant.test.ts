import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instantOf, millisecondsOf } from '../../domain/instant.ts'

const iso = (text: string, timezone?: string): string | undefined => {
  const instant = instantOf(text, timezone)
  return instant && new Date(millisecondsOf(instant)).toISOString()
}

describe('an instant (cycles.md 4, waitUntil)', () => {
  it('is in UTC, or in its offset, or in the time zone given', () => {
    expect(iso('2030-01-31')).toBe('2030-01-31T00:00:00.000Z')
    expect(iso('2030-01-31T06:07:08.9999Z')).toBe('2030-01-31T06:07:08.999Z')
    expect(iso('2030-01-31T06:00:00+02:30', 'America/New_York')).toBe('2030-01-31T03:30:00.000Z')
    expect(iso('2030-01-31 06:00', 'Europe/Berlin')).toBe('2030-01-31T05:00:00.000Z')
    expect(iso('2030-07-31', 'Europe/Berlin')).toBe('2030-07-30T22:00:00.000Z')
    expect(iso('1960-01-01T00:00:00.5', 'Asia/Kolkata')).toBe('1959-12-31T18:30:00.500Z')
  })
  it('at the change of clocks: of two instants the earlier one, of none what the clocks jump to', () => {
    expect(iso('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z')
    expect(iso('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z')
  })
  it('is none where no calendar or clock has it', () => {
    for (const text of ['', 'soon', '2030-02-30', '2030-01-31T24:00', '2030-01-31T06:00+25:00', '31.01.2030']) expect(instantOf(text)).toBe(undefined)
  })
  it('read in any zone shows the wall time that was written, outside of changes of clocks', () => {
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata', 'Pacific/Auckland', 'America/Sao_Paulo', 'Pacific/Apia')
    const day = fc.date({ min: new Date('1975-01-01'), max: new Date('2080-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(day, zone, (date, timeZone) => {
        // Clocks change at night.
        const text = `${date.toISOString().slice(0, 10)}T13:14:15`
        const instant = instantOf(text, timeZone)
        const shown = instant && new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(millisecondsOf(instant))
        fc.pre(!(timeZone === 'Pacific/Apia' && text.startsWith('2011-12-30')))
        expect(shown).toBe(text.replace('T', ' '))
      }),
    )
  })
})
