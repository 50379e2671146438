/** Durations as they are written in documents and configuration: `500ms`, `90s`, `15m`, `2h`, `31d`, `1w` (cycles.md 1). */

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** How a duration is written, for patterns of schemas: a whole number and a unit. */
export const DURATION_PATTERN = '^\\d{1,10}(ms|s|m|h|d|w)$'
const form = new RegExp(DURATION_PATTERN)

/** Milliseconds, or undefined where the text is no duration. `0s` is one. */
export function parseDuration(text: string): number | undefined {
  const unit = form.exec(text)?.[1]
  if (unit === undefined) return undefined
  const factor = units[unit] ?? 0
  return Number(text.slice(0, -unit.length)) * factor
}
