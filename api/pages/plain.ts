/** Pages that say one thing: no script, nothing fetched, nothing that could be led elsewhere. */
import { createHash } from 'node:crypto'
import type { Answer } from '../route.ts'

export interface PlainPage {
  readonly status: number
  readonly title: string
  /** Paragraphs, as text: they are escaped. */
  readonly lines: readonly string[]
  /** Origins that may frame it. Default: none. */
  readonly frames?: readonly string[]
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#1c2430;overflow-wrap:anywhere}
h1{font-size:1.4rem}@media(prefers-color-scheme:dark){body{background:#14181e;color:#dde3ea}}`
const policy = (frames: readonly string[]): string =>
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors ${frames.length === 0 ? "'none'" : frames.join(' ')}`

/** Its URL may hold a code or a token: it is told to nobody, and nobody may frame it but where it is said. */
export function plainPage({ status, title, lines, frames = [] }: PlainPage): Answer {
  const body = lines.map(line => `<p>${escapeHtml(line)}</p>`).join('\n')
  return {
    status,
    type: 'text/html; charset=utf-8',
    headers: { 'Content-Security-Policy': policy(frames), 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' },
    text: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}</main></body></html>`,
  }
}

const ESCAPES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, character => ESCAPES[character] ?? '')
