/** What browsers are told about pages (marketplace.md 4): nothing but our own scripts and styles, and frames only where it is said. */

export interface PolicyOptions {
  /** Origins that may frame the page; none: nobody. */
  readonly frames?: readonly string[]
  /** Origins beside our own that a form may lead to, by redirects too. */
  readonly forms?: readonly string[]
}

const ancestors = (frames: readonly string[]): string => `frame-ancestors ${frames.length === 0 ? "'none'" : frames.join(' ')}`

const strict = ({ frames = [], forms = [] }: PolicyOptions): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src https: http: data:',
    'font-src https: data:',
    "connect-src 'self'",
    ['form-action', "'self'", ...forms].join(' '),
    "base-uri 'none'",
    ancestors(frames),
  ].join('; ')

/** Of the complete page alone, which is the partner's own HTML: inline scripts and handlers work, as published. */
export const openPolicy = ({ frames = [] }: PolicyOptions): string =>
  [
    "default-src 'self' 'unsafe-inline' https: data: blob:",
    'img-src https: http: data: blob:',
    "form-action 'self' https: http:",
    "object-src 'none'",
    "base-uri 'none'",
    ancestors(frames),
  ].join('; ')

/** With no-referrer the `Origin` of a form would be `null`. No page sends `Cross-Origin-Opener-Policy`: the opener must stay reachable. */
export const pageHeaders = (policy: string): { readonly [name: string]: string } => ({
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
})

export const strictHeaders = (options: PolicyOptions): { readonly [name: string]: string } => pageHeaders(strict(options))
