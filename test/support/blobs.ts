import { createHash } from 'node:crypto'
import { ownerOf, type BlobStore } from '../../storage/blobs.ts'

/** Blobs in memory: what lies where, what was written, and a switch that makes every call fail. */
export interface MemoryBlobs extends Pick<BlobStore, 'put' | 'get'> {
  /** `owner hash` → bytes. */
  readonly kept: Map<string, Uint8Array>
  /** Bytes that were written, the same again not counted. */
  written: number
  away: boolean
}

export function memoryBlobs(): MemoryBlobs {
  const kept = new Map<string, Uint8Array>()
  const blobs: MemoryBlobs = {
    kept,
    written: 0,
    away: false,
    async put(workflow, all) {
      if (blobs.away) throw new Error('away')
      return all.map(bytes => {
        const address = { owner: ownerOf(workflow), hash: createHash('sha256').update(bytes).digest('base64url') }
        const name = `${address.owner} ${address.hash}`
        if (!kept.has(name)) blobs.written += bytes.byteLength
        kept.set(name, new Uint8Array(bytes))
        return address
      })
    },
    async get(addresses) {
      if (blobs.away) throw new Error('away')
      return addresses.map(({ owner, hash }) => kept.get(`${owner} ${hash}`))
    },
  }
  return blobs
}
