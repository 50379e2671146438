/** Reads the replies of the inbox's scripts. A reply of another shape is a fault of ours, not of Redis. */

export function items(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply
  throw new TypeError(`script answered ${typeof reply} instead of a list`)
}

export function text(reply: unknown): string {
  if (typeof reply === 'string') return reply
  if (typeof reply === 'number') return String(reply)
  throw new TypeError(`script answered ${typeof reply} instead of a text`)
}

export function integer(reply: unknown): number {
  const value = typeof reply === 'number' ? reply : Number.parseInt(text(reply), 10)
  if (Number.isSafeInteger(value)) return value
  throw new TypeError(`script answered ${String(reply)} instead of a whole number`)
}

/** A number, or undefined where the script gave an empty text. */
export const optional = (reply: unknown): number | undefined => (reply === '' ? undefined : integer(reply))

/** One of the words that a script may answer. */
export function word<W extends string>(reply: unknown, ...words: readonly W[]): W {
  const found = words.find(w => w === reply)
  if (found !== undefined) return found
  throw new TypeError(`script answered ${String(reply)} instead of one of ${words.join(', ')}`)
}
