import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { address, boolean, duration, durations, encryptionKeys, integer, oneOf, size, url } from '../../platform/units.ts'

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64')

describe('units of configuration', () => {
  it('durations are written with their unit', () => {
    const any = duration(0, Number.MAX_SAFE_INTEGER)
    expect(['500ms', '90s', '15m', '2h', '31d', '1w', '0s'].map(any)).toEqual([500, 90_000, 900_000, 7_200_000, 2_678_400_000, 604_800_000, 0])
    expect(['5', '5 s', '-5s', '5sec', '1.5h', ''].map(any)).toEqual(Array(6).fill(undefined))
  })

  it('durations outside of their bounds are refused', () => {
    const bounded = duration(1_000, 60_000)
    expect(['999ms', '1s', '60s', '1m', '61s'].map(bounded)).toEqual([undefined, 1_000, 60_000, 60_000, undefined])
  })

  it('lists of durations have one at least, and not too many', () => {
    const list = durations(1, 60_000, 3)
    expect(['5s', '5s,1m, 30s'].map(list)).toEqual([[5_000], [5_000, 60_000, 30_000]])
    expect(['', '5s,', '5s,0s', '5s;1m', '2m', '1s,1s,1s,1s'].map(list)).toEqual(Array(6).fill(undefined))
  })

  it('sizes count in steps of 1,024', () => {
    expect(['1024', '512kb', '1mb', '256MB', '2 gb'].map(size)).toEqual([1_024, 524_288, 1_048_576, 268_435_456, 2_147_483_648])
    expect(['0', '-1', '1tb', 'mb', ''].map(size)).toEqual(Array(5).fill(undefined))
  })

  it('integers are whole and within their bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), n => {
        expect(integer(10, 65_535)(String(n))).toBe(n >= 10 && n <= 65_535 ? n : undefined)
      }),
    )
    expect(['1.5', '1e3', '0x10', ' 1'].map(integer(0, 10))).toEqual(Array(4).fill(undefined))
  })

  it('yes and no have their usual words', () => {
    expect(['true', 'ON', '1', 'yes'].map(boolean)).toEqual([true, true, true, true])
    expect(['false', 'off', '0', 'No'].map(boolean)).toEqual([false, false, false, false])
    expect(boolean('maybe')).toBeUndefined()
    expect(oneOf('info', 'debug')('INFO')).toBe('info')
  })

  it('URLs have one of their protocols, and no slash at the end', () => {
    const web = url('http:', 'https:')
    expect(web('https://hooks.example.com/')).toBe('https://hooks.example.com')
    expect(['ftp://example.com', 'example.com', '/path', 'http://'].map(web)).toEqual(Array(4).fill(undefined))
  })

  it('addresses are a host and a port', () => {
    expect(['localhost:7233', '10.0.0.1:1', '[::1]:7233'].map(address)).toEqual(['localhost:7233', '10.0.0.1:1', '[::1]:7233'])
    expect(['localhost', 'localhost:0', 'localhost:65536', 'http://localhost:7233', '::1:7233'].map(address)).toEqual(Array(5).fill(undefined))
  })

  it('encryption keys have unique ids and 32 bytes each', () => {
    const two = `new:${key(1)},old:${key(2)}`
    expect(encryptionKeys(two)).toBe(two)
    const wrong = [key(1), `a:${key(1)},a:${key(2)}`, `a:${Buffer.alloc(16).toString('base64')}`, `a b:${key(1)}`, '']
    expect(wrong.map(encryptionKeys)).toEqual(Array(5).fill(undefined))
  })
})
