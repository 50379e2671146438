/** The one reader of request bodies: bounded, so that no sender makes the process hold more than the limit. */
import type { IncomingMessage } from 'node:http'

/** `gone`: the sender hung up, or the server cut the request off, before the end. */
export type ReadBody = { readonly state: 'read'; readonly raw: Buffer } | { readonly state: 'tooLarge' } | { readonly state: 'gone' }

/** What is read and thrown away after a refusal, so that the sender gets to read it, before the connection is cut. */
const DRAIN_BYTES = 32 * 1024 * 1024
const DRAIN_MS = 20_000

const EMPTY = Buffer.alloc(0)

/** Reads the body up to `limit` bytes; one whose `declared` length is more is refused before a byte is read. */
export function readBody(req: IncomingMessage, declared: string | undefined, limit: number): Promise<ReadBody> {
  if (declared !== undefined && Number(declared) > limit) {
    drain(req)
    return Promise.resolve({ state: 'tooLarge' })
  }
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let size = 0
    const stop = (result: ReadBody): void => {
      req.off('data', onData)
      req.off('end', onEnd)
      req.off('close', onGone)
      req.off('error', onGone)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) {
        stop({ state: 'tooLarge' })
        drain(req)
        return
      }
      chunks.push(chunk)
    }
    const onEnd = (): void => {
      const [only] = chunks
      stop({ state: 'read', raw: only === undefined ? EMPTY : chunks.length === 1 ? only : Buffer.concat(chunks, size) })
    }
    const onGone = (): void => stop({ state: 'gone' })
    req.on('data', onData)
    req.on('end', onEnd)
    req.on('close', onGone)
    req.on('error', onGone)
    if (req.destroyed && !req.readableEnded) onGone()
  })
}

function drain(req: IncomingMessage): void {
  let left = DRAIN_BYTES
  const cut = setTimeout(() => req.destroy(), DRAIN_MS)
  cut.unref()
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) req.destroy()
  })
  req.on('error', () => {})
  req.once('close', () => clearTimeout(cut))
  req.once('end', () => clearTimeout(cut))
}
