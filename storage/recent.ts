/** Bytes that were used last, by name, in bounded memory. */
export interface Recent {
  keep(name: string, bytes: Uint8Array): void
  get(name: string): Uint8Array | undefined
}

/** `maxBytes` at most: the least recently used go first, and what would take more than half of it is not kept. */
export function createRecent(maxBytes: number): Recent {
  const kept = new Map<string, Uint8Array>()
  let size = 0

  function drop(name: string): void {
    size -= kept.get(name)?.byteLength ?? 0
    kept.delete(name)
  }

  return {
    keep(name, bytes) {
      drop(name)
      if (bytes.byteLength > maxBytes / 2) return
      kept.set(name, bytes)
      size += bytes.byteLength
      for (const oldest of kept.keys()) {
        if (size <= maxBytes) break
        drop(oldest)
      }
    },
    get(name) {
      const found = kept.get(name)
      if (found === undefined) return undefined
      kept.delete(name)
      kept.set(name, found)
      return found
    },
  }
}
