/** `Content-Encoding`, undone with a limit on what comes out (webhooks.md 3: no zip bombs). */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

export class EncodingError extends Error {
  override readonly name = 'EncodingError'
  readonly reason: 'tooLarge' | 'unparsable'
  constructor(reason: EncodingError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate), raw: promisify(inflateRaw), br: promisify(brotliDecompress) }
const NAMES: { readonly [name: string]: keyof typeof decoders } = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'br' }
const MAX_LAYERS = 5

/** The bytes before all encodings, at most `limit`. Stops as soon as more comes out. Throws `EncodingError`. */
export async function decodeEncodings(raw: Buffer, header: string | undefined, limit: number): Promise<Buffer> {
  const layers = (header ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '' && name !== 'identity')
  if (layers.length > MAX_LAYERS) throw new EncodingError('unparsable', `more than ${MAX_LAYERS} content encodings`)
  let bytes = raw
  if (bytes.length > limit) throw new EncodingError('tooLarge', `the body is over ${limit} bytes`)
  if (bytes.length === 0) return bytes
  for (const [i, name] of layers.reverse().entries()) {
    const decoder = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
    if (decoder === undefined) throw new EncodingError('unparsable', `the content encoding ${JSON.stringify(name.slice(0, 40))} is not known`)
    // What is still encoded may be slightly larger than what is in it.
    bytes = await decodeOne(bytes, decoder, i === layers.length - 1 ? limit : limit + 65_536)
  }
  return bytes
}

async function decodeOne(bytes: Buffer, decoder: keyof typeof decoders, limit: number): Promise<Buffer> {
  // Some senders' `deflate` lacks the two bytes of the zlib format: with them, they are a multiple of 31.
  const zlib = ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.length > 1 && bytes.readUInt16BE(0) % 31 === 0
  const decode = decoders[decoder === 'deflate' && !zlib ? 'raw' : decoder]
  try {
    return await decode(bytes, { maxOutputLength: limit })
  } catch (error) {
    if (error instanceof RangeError) throw new EncodingError('tooLarge', `the body is over ${limit} bytes once decoded`)
    throw new EncodingError('unparsable', `the body is not valid ${decoder}`)
  }
}
