/** Instants and durations for people. */

const two = (n: number): string => String(n).padStart(2, '0')

/** `2026-01-31 14:05:09` in the zone of whoever reads it; `-` for none. */
export function instant(iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return '-'
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** Time between two instants: `340 ms`, `12.3 s`, `4 min 5 s`, `2 h 10 min`, `3 d 4 h`; `-` where one of them is not there. */
export function took(from: string | null, to: string | null): string {
  if (from === null || to === null) return '-'
  const ms = Math.max(0, Date.parse(to) - Date.parse(from))
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor(ms / 1_000) % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}
