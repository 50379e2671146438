import { describe, expect, it } from 'vitest'
import { retryAfter } from '../../domain/retry-after.ts'

const now = Date.UTC(2026, 0, 1)

describe('Retry-After (cycles.md 5)', () => {
  it('is seconds or a date; one that is past is now', () => {
    expect(retryAfter('120', now)).toBe(120_000)
    expect(retryAfter(' 0 ', now)).toBe(0)
    expect(retryAfter('Thu, 01 Jan 2026 00:02:00 GMT', now)).toBe(120_000)
    expect(retryAfter('Thu, 01 Jan 2015 00:00:00 GMT', now)).toBe(0)
  })
  it('is nothing where it is neither', () => {
    for (const header of [undefined, '', '-1', '1.5', 'soon', '2026-01-01', '9999999999']) expect(retryAfter(header, now)).toBe(undefined)
  })
})
