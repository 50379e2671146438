/** Pages that say one thing, outside of any session. */
import type { Answer } from '../route.ts'
import type { Services } from '../services.ts'
import { messagePage } from './problem.tsx'
import { bareView } from './view.ts'

export interface PlainPage {
  readonly status: number
  readonly title: string
  /** Paragraphs, as text: they are escaped. */
  readonly lines: readonly string[]
  /** Origins that may frame it. Default: none. */
  readonly frames?: readonly string[]
}

/** Its URL may hold a code or a token: it is told to nobody, and nobody may frame it but where it is said. */
export const plainPage = ({ settings }: Pick<Services, 'settings'>, { frames = [], ...page }: PlainPage): Answer =>
  messagePage(bareView(settings.publicUrl, frames), { ...page, referrer: 'no-referrer' })
