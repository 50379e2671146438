/** Parsers of configuration values (operations.md 2). Each gives `undefined` for a text that it does not understand. */
export type Parse<T> = (text: string) => T | undefined

const DURATION = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const SIZE = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

const isUnit = <T extends object>(units: T, text: string): text is keyof T & string => Object.hasOwn(units, text)

/** Milliseconds of `500ms`, `90s`, `15m`, `2h`, `31d`, `1w`, between the two given (both included). */
export function duration(least: number, most: number): Parse<number> {
  return text => {
    const [, digits = '', unit = ''] = /^(\d{1,12})(ms|s|m|h|d|w)$/.exec(text) ?? []
    if (!isUnit(DURATION, unit)) return undefined
    const value = Number(digits) * DURATION[unit]
    return value >= least && value <= most ? value : undefined
  }
}

/** Durations separated by commas, each between the two given, at most `longest` of them. */
export function durations(least: number, most: number, longest: number): Parse<readonly number[]> {
  const one = duration(least, most)
  return text => {
    const parsed = text.split(',').map(part => one(part.trim()))
    const known = parsed.filter(value => value !== undefined)
    return known.length === parsed.length && known.length <= longest ? known : undefined
  }
}

/** Bytes of `1048576`, `512kb`, `1mb`, `2gb` (each 1,024 times the one before), at least 1. */
export const size: Parse<number> = text => {
  const [, digits = '', unit = 'b'] = /^(\d{1,12})\s?(b|kb|mb|gb)?$/.exec(text.toLowerCase()) ?? []
  if (digits === '' || !isUnit(SIZE, unit)) return undefined
  const value = Number(digits) * SIZE[unit]
  return value >= 1 && Number.isSafeInteger(value) ? value : undefined
}

/** A whole number between the two given (both included). */
export function integer(least: number, most: number): Parse<number> {
  return text => {
    if (!/^\d{1,15}$/.test(text)) return undefined
    const value = Number(text)
    return value >= least && value <= most ? value : undefined
  }
}

export const port = integer(0, 65_535)

export const boolean: Parse<boolean> = text => {
  if (['true', 'on', '1', 'yes'].includes(text.toLowerCase())) return true
  if (['false', 'off', '0', 'no'].includes(text.toLowerCase())) return false
  return undefined
}

/** One of the words given, in small letters. */
export function oneOf<const T extends readonly string[]>(...words: T): Parse<T[number]> {
  return text => words.find(word => word === text.toLowerCase())
}

export const nonEmpty: Parse<string> = text => (text === '' ? undefined : text)

/** Any text, line ends included; for PEM certificates. */
export const pem: Parse<string> = text => (text.includes('-----BEGIN ') ? text : undefined)

/** An absolute URL with one of the protocols given, without a slash at its end. */
export function url(...protocols: readonly string[]): Parse<string> {
  return text => {
    if (!URL.canParse(text)) return undefined
    const parsed = new URL(text)
    if (!protocols.includes(parsed.protocol) || parsed.hostname === '') return undefined
    return text.replace(/\/+$/, '')
  }
}

/** `host:port`, an IPv6 address in brackets. */
export const address: Parse<string> = text => {
  const [, digits = ''] = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text) ?? []
  return digits !== '' && Number(digits) >= 1 && Number(digits) <= 65_535 ? text : undefined
}

/** Names, addresses and CIDR ranges, separated by commas. */
export const addressList: Parse<readonly string[]> = text => {
  const items = text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  return items.every(item => /^[A-Za-z0-9.:_*-]+(\/\d{1,3})?$/.test(item)) ? items : undefined
}

/** `id:base64[,id:base64]`, each key 32 bytes, ids unique; kept as text, `platform/seal.ts` makes keys of it. */
export const encryptionKeys: Parse<string> = text => {
  const ids = new Set<string>()
  for (const item of text.split(',')) {
    const [, id = '', key = ''] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(item.trim()) ?? []
    if (id === '' || ids.has(id) || Buffer.from(key, 'base64').length !== 32) return undefined
    ids.add(id)
  }
  return text
}
