/** The content type of a body: what kind of data it says it is (webhooks.md 3). */

export type BodyKind = 'json' | 'xml' | 'form' | 'multipart' | 'text' | 'none' | 'other'

export interface ContentType {
  readonly kind: BodyKind
  /** Type and subtype, lower-case, without parameters. */
  readonly name: string
  readonly charset: string | undefined
}

/** Reads a `Content-Type` header; case and parameters other than `charset` do not matter. */
export function contentTypeOf(header: string | undefined): ContentType {
  const [first = '', ...parameters] = (header ?? '').split(';')
  const name = first.trim().toLowerCase()
  const charset = parameters.map(text => /^\s*charset\s*=\s*(?:"([^"]*)"|([^\s"]*))\s*$/i.exec(text)).find(found => found !== null)
  return { kind: kindOf(name), name, charset: charset?.[1] ?? charset?.[2] }
}

function kindOf(name: string): BodyKind {
  if (name === '') return 'none'
  if (name === 'application/json' || /^[^/]+\/.*\+json$/.test(name)) return 'json'
  if (name === 'application/xml' || name === 'text/xml' || /^[^/]+\/.*\+xml$/.test(name)) return 'xml'
  if (name === 'application/x-www-form-urlencoded') return 'form'
  if (name === 'multipart/form-data') return 'multipart'
  return name.startsWith('text/') ? 'text' : 'other'
}
