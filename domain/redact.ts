/**
 * Takes secrets out of what is told to people (cycles.md 5, operations.md 4). A secret comes back percent-encoded, as JSON or in a page, and such
 * texts in one another: the text is read in each of these ways, and where a secret stands in any reading, that part is masked.
 */
import { fillText, MASK } from './secrets.ts'

/** Masks secrets, and references to them. With `max` the text is cut there, once secrets were found: none shows in part at the cut. */
export type Redactor = (text: string, max?: number) => string

/** Readings of readings: JSON in a URL in JSON. */
const DEPTH = 3
/** A character takes at most so many where it was encoded that often. */
const LONGEST_FORM = 32

export function redactor(secrets: Iterable<string>): Redactor {
  // Half a surrogate pair goes over the wire as U+FFFD.
  const known = [...new Set([...secrets].flatMap(secret => [secret, secret.replaceAll(/\p{Surrogate}/gu, '\ufffd')]))].filter(secret => secret !== '')
  const reach = LONGEST_FORM * Math.max(0, ...known.map(secret => secret.length))

  return (text, max = Number.POSITIVE_INFINITY) => {
    const plain = fillText(text, () => MASK)
    let shown = ''
    let from = 0
    for (const [start, end] of placesOf(known, plain.slice(0, max + reach))) {
      if (start >= max) break
      if (start >= from) shown += plain.slice(from, start) + MASK
      from = Math.max(from, end)
    }
    if (from < max) shown += plain.slice(from, max)
    return plain.length > Math.max(max, from) ? `${shown}…` : shown
  }
}

/** A text as it was read, and where each of its characters begins in the text that it was read from; one entry more for the end. */
interface Reading {
  readonly text: string
  readonly at: readonly number[]
}

/** Where secrets stand in a text, in order; they may overlap. */
function placesOf(secrets: readonly string[], text: string): readonly (readonly [start: number, end: number])[] {
  if (secrets.length === 0) return []
  const places: [number, number][] = []
  for (const reading of readingsOf(text)) {
    for (const secret of secrets) {
      for (let found = reading.text.indexOf(secret); found !== -1; found = reading.text.indexOf(secret, found + 1)) {
        places.push([reading.at[found] ?? 0, reading.at[found + secret.length] ?? text.length])
      }
    }
  }
  return places.sort(([a], [b]) => a - b)
}

/** As it is, and in every way in which it may have been written, each once. */
function readingsOf(text: string): readonly Reading[] {
  const first: Reading = { text, at: Array.from({ length: text.length + 1 }, (_, at) => at) }
  const all = new Map([[text, first]])
  let latest = [first]
  for (let depth = 0; depth < DEPTH; depth++) {
    latest = latest.flatMap(before =>
      DECODERS.flatMap(decoder => {
        const read = decode(before, decoder)
        if (all.has(read.text)) return []
        all.set(read.text, read)
        return [read]
      }),
    )
  }
  return [...all.values()]
}

interface Decoder {
  readonly pattern: RegExp
  /** What a match stands for. */
  readonly decoded: (written: string) => string
}

function decode(before: Reading, { pattern, decoded }: Decoder): Reading {
  const at: number[] = []
  let text = ''
  let from = 0
  const take = (characters: string, where: (index: number) => number): void => {
    text += characters
    for (let i = 0; i < characters.length; i++) at.push(before.at[where(i)] ?? 0)
  }
  const copy = (to: number): void => take(before.text.slice(from, to), i => from + i)
  for (const { index, 0: written } of before.text.matchAll(pattern)) {
    copy(index)
    take(decoded(written), () => index)
    from = index + written.length
  }
  copy(before.text.length)
  at.push(before.at[before.text.length] ?? 0)
  return { text, at }
}

/** One character in UTF-8. */
const PERCENT = '%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}'
const NAMED: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const ESCAPED: { readonly [letter: string]: string } = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

const DECODERS: readonly Decoder[] = [
  { pattern: new RegExp(PERCENT, 'gi'), decoded: percentDecoded },
  { pattern: new RegExp(`\\+|${PERCENT}`, 'gi'), decoded: written => (written === '+' ? ' ' : percentDecoded(written)) },
  {
    pattern: /\\(?:u[0-9a-fA-F]{4}|[^u])/gs,
    decoded: ([, kind = '', ...rest]) => (kind === 'u' ? String.fromCharCode(Number.parseInt(rest.join(''), 16)) : (ESCAPED[kind] ?? kind)),
  },
  {
    pattern: /&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-f]{1,6});/gi,
    decoded(written) {
      const name = written.slice(1, -1).toLowerCase()
      const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      return NAMED[name] ?? (code <= 0x10ffff ? String.fromCodePoint(code) : written)
    },
  },
]

function percentDecoded(written: string): string {
  try {
    return decodeURIComponent(written)
  } catch {
    return written
  }
}
