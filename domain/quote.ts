/** Data as the detail of an incident tells it (cycles.md 5): as JSON, cut; not at all where the cycle says `log: none`. */
import type { CycleDocument } from './document.ts'
import type { Json } from './json.ts'

const MAX = 200

/** In place of data that is not told. */
export const NOT_LOGGED = '(not logged)'

/** The document that says whether it is told. */
export type Quoting = Pick<CycleDocument, 'settings'>

export function quote({ settings }: Quoting, value: Json | undefined): string {
  if (settings?.log === 'none') return NOT_LOGGED
  const text = JSON.stringify(value ?? null)
  return text.length > MAX ? `${text.slice(0, MAX)}…` : text
}
