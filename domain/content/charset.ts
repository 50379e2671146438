/** Bytes as text, strictly: a character set that is not known, or bytes that do not fit it, are refused (webhooks.md 3). */
import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'

export class CharsetError extends Error {
  override readonly name = 'CharsetError'
}

// Names that iconv-lite knows and that are no character sets.
const NO_CHARSETS = new Set(['base64', 'hex', 'binary', 'internal'])

/** `charset`: as the content type names it; absent: by the byte order mark, else UTF-8. A byte order mark at the front is taken off. Throws `CharsetError`. */
export function decodeText(bytes: Buffer, charset: string | undefined): string {
  const marked = markOf(bytes)
  const name = charset?.trim().toLowerCase() ?? marked ?? 'utf-8'
  if (name === 'utf-8' || name === 'utf8') return utf8(bytes)
  if (name === 'utf-16' || name === 'utf-16le' || name === 'utf-16be') return utf16(bytes, name === 'utf-16' ? (marked ?? guess(bytes)) : name)
  if (name === 'iso-8859-1' || name === 'latin1' || name === 'iso8859-1' || name === 'l1') return bytes.toString('latin1')
  if (name === 'us-ascii' || name === 'ascii') {
    if (bytes.some(byte => byte > 0x7f)) throw new CharsetError('the body has bytes that are not ASCII')
    return bytes.toString('latin1')
  }
  if (NO_CHARSETS.has(name) || !iconv.encodingExists(name)) throw new CharsetError(`the character set ${JSON.stringify(name.slice(0, 40))} is not known`)
  const text = iconv.decode(bytes, name)
  if (text.includes('\ufffd') && !iconv.encode(text, name).equals(bytes)) throw new CharsetError(`the body is not ${name}`)
  return text
}

/** UTF-8 text, or undefined where the bytes are something else. */
export function utf8OrNothing(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8')
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

function utf8(bytes: Buffer): string {
  const text = utf8OrNothing(bytes)
  if (text === undefined) throw new CharsetError('the body is not UTF-8')
  return text
}

function utf16(bytes: Buffer, name: string): string {
  try {
    const little = name === 'utf-16be' ? Buffer.from(bytes).swap16() : bytes
    return new TextDecoder('utf-16le', { fatal: true }).decode(little)
  } catch {
    throw new CharsetError('the body is not UTF-16')
  }
}

function markOf(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return undefined
}

/** Without a mark the first character decides, which is nearly always an ASCII one in what webhooks send. */
const guess = (bytes: Buffer): 'utf-16le' | 'utf-16be' => (bytes[0] === 0 && bytes[1] !== 0 ? 'utf-16be' : 'utf-16le')
