/** Figures of one measurement. */
export interface Figures {
  /** Things done a second, over the whole measurement. */
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly count: number
}

/** `times`: how long each took, ms. `elapsedMs`: from the first's start to the last's end. */
export function figures(times: readonly number[], elapsedMs: number): Figures {
  const sorted = times.toSorted((a, b) => a - b)
  return { perSecond: (times.length / elapsedMs) * 1000, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), count: times.length }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** The middle one; of an even number the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}
