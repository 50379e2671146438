/** What the sandbox's preloaded functions ask of their thread: text in, text out, no state but the log of the running call (webhooks.md 8). */
import { createHmac, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Json } from '../domain/json.ts'
import { parseXml } from '../domain/content/xml.ts'
import { serializeXml } from '../domain/xml.ts'
import { parseCsv } from './csv.ts'

/** Lines of one call that are kept, and characters of one line: a loop that logs must not fill the memory of the host. */
const MAX_LINES = 200
const MAX_LINE = 4_096

const DIGESTS: { readonly [name: string]: string } = { 'HMAC-SHA1': 'sha1', 'HMAC-SHA256': 'sha256', 'HMAC-SHA512': 'sha512' }

const require = createRequire(import.meta.url)
const LIBRARIES: { readonly [name: string]: string } = { 'crypto-js': 'crypto-js/crypto-js.js', moment: 'moment/min/moment.min.js' }

export interface Host {
  /** One question of the sandbox: answers `{ value }` or `{ error }` as JSON text. Never throws. */
  ask(name: string, args: string): string
  /** The lines logged since the last call of this, oldest first. */
  takeLog(): string[]
}

const isText = (value: Json | undefined): value is string => typeof value === 'string'

function hmac(algorithm: string, key: string, value: string): string {
  const digest = DIGESTS[algorithm.toUpperCase()]
  if (digest === undefined) throw new Error(`cyclr_sign knows ${Object.keys(DIGESTS).join(', ')}, not ${algorithm}`)
  return createHmac(digest, key).update(value, 'utf8').digest('hex')
}

function encodeBase64(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[^\u0000-\u00ff]/.test(text)) throw new Error('btoa: the text has characters over U+00FF')
  return Buffer.from(text, 'latin1').toString('base64')
}

function decodeBase64(text: string): string {
  const packed = text.replace(/[\t\n\f\r ]/g, '')
  const bare = packed.length % 4 === 0 ? packed.replace(/={1,2}$/, '') : packed
  if (bare.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(bare)) throw new Error('atob: the text is not base64')
  return Buffer.from(bare, 'base64').toString('latin1')
}

export function createHost(): Host {
  let lines: string[] = []
  const log = (line: string): null => {
    if (lines.length < MAX_LINES) lines.push(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line)
    else if (lines.length === MAX_LINES) lines.push('… further lines were left out')
    return null
  }
  const answer = (name: string, args: Json): Json => {
    const [a, b, c] = Array.isArray(args) ? args : []
    if (name === 'random') return Math.random()
    if (name === 'randomWord') return randomInt(2 ** 32)
    if (name === 'xmlSerialize') return serializeXml(a ?? null)
    if (!isText(a)) throw new TypeError(`${name} wants text`)
    if (name === 'log') return log(a)
    if (name === 'atob') return decodeBase64(a)
    if (name === 'btoa') return encodeBase64(a)
    if (name === 'xmlDeserialize') return parseXml(a)
    const library = name === 'library' ? LIBRARIES[a] : undefined
    if (library !== undefined) return readFileSync(require.resolve(library), 'utf8')
    if (name === 'csvParse' && isText(b)) return parseCsv(a, b, c === true)
    if (name === 'sign' && isText(b) && isText(c)) return hmac(a, b, c)
    throw new TypeError(`${name} is not there`)
  }
  return {
    ask(name, args) {
      try {
        const given: Json = JSON.parse(args)
        return JSON.stringify({ value: answer(name, given) })
      } catch (error) {
        return JSON.stringify({ error: error instanceof Error ? error.message : String(error) })
      }
    },
    takeLog() {
      const taken = lines
      lines = []
      return taken
    },
  }
}
