/** IANA time zones, as this Node.js knows them. */

/** A zone's name with case and links put right, as Temporal's server needs it; undefined where there is no such zone. Offsets such as `+01:00` are none. */
export function timezoneOf(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}
