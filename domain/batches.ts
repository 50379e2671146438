/** A list in pieces of at most `size`, in its order. */
export function* batchesOf<T>(all: readonly T[], size: number): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}

/** Works on all of a list, on `size` at once; a batch begins when the one before it has ended. Answers in the list's order. */
export async function inBatches<T, R>(all: readonly T[], size: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const batch of batchesOf(all, size)) results.push(...(await Promise.all(batch.map(one => work(one)))))
  return results
}
