/** A connector's call as an HTTP request: merge fields filled in, what is written into a URL percent-encoded (connectors.md 1). Pure. */
import type { ConnectorCall, ConnectorDocument, ConnectorParameter } from './connector.ts'
import { StepError } from './errors.ts'
import type { Json, JsonObject } from './json.ts'
import { parseText } from './merge-field.ts'
import { toText } from './merge.ts'
import { isJsonObject, setOwn } from './objects.ts'
import { lookupIn, type Lookup, type Path } from './path.ts'
import { encodeReferences } from './secrets.ts'

/** What merge fields of a call begin with: `settings`, `parameters`, `webhook`, `subscription`. */
export type CallRoots = { readonly [root: string]: JsonObject }

export interface BuiltRequest {
  readonly method: string
  readonly url: string
  readonly query?: JsonObject
  readonly headers?: JsonObject
  readonly body?: Json
  readonly bodyType?: string
}

const fail = (detail: string): never => {
  throw new StepError('buildFailed', detail)
}

const nameOf = ({ root, segments }: Path): string => {
  const [name] = segments
  return name?.kind === 'name' ? name.name : root
}

/** Text in a URL; references of secrets stay, as those of the encoded values. */
function encoded(text: string, what: string): string {
  try {
    return encodeReferences(text, encodeURIComponent)
  } catch {
    return fail(`${what} holds half a character`)
  }
}

/** A value for a place where nothing must be left out. */
function present(path: Path, lookup: Lookup): string {
  const text = toText(lookup(path) ?? undefined)
  return text === '' ? fail(`${nameOf(path)} is empty: it stands in the URL`) : text
}

/** Texts of the document are filled: a text that is one merge field becomes the value, and what is missing then is left out. */
function filled(value: Json, lookup: Lookup): Json | undefined {
  if (typeof value === 'string') {
    const { parts } = parseText(value)
    const [only] = parts
    if (parts.length === 1 && only !== undefined && typeof only !== 'string') return lookup(only)
    return parts.map(part => (typeof part === 'string' ? part : toText(lookup(part)))).join('')
  }
  if (Array.isArray(value)) return value.flatMap(each => filled(each, lookup) ?? [])
  return isJsonObject(value) ? object(value, lookup) : value
}

function object(value: { readonly [name: string]: Json }, lookup: Lookup): JsonObject {
  const made: JsonObject = {}
  for (const [name, each] of Object.entries(value)) {
    const found = filled(each, lookup)
    if (found !== undefined) setOwn(made, name, found)
  }
  return made
}

const withoutNull = (value: JsonObject): JsonObject => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))

/** A part of a path that means another place: `..`, in any way of writing it. */
const DOTS = /(^|[/\\])(\.|%2e){1,2}($|[/\\?#])/i

/** Whether a URL leads out of where it says. `url`: whole, with its secrets. */
export const leadsElsewhere = (url: string): boolean => DOTS.test(url.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/s, ''))

/** A path with the query that it has; a parameter of the query whose value is missing is left out. */
function pathOf(text: string, lookup: Lookup): string {
  const cut = text.indexOf('?')
  const [path, query] = cut === -1 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 1)]
  const fill = (piece: string, write: (path: Path) => string): string =>
    parseText(piece)
      .parts.map(part => (typeof part === 'string' ? part : encoded(write(part), nameOf(part))))
      .join('')
  const pieces = query.split('&').filter(piece => {
    const fields = parseText(piece).parts.flatMap(part => (typeof part === 'string' ? [] : [part]))
    return piece !== '' && fields.every(field => (lookup(field) ?? null) !== null)
  })
  const asked = pieces.map(piece => fill(piece, field => toText(lookup(field)))).join('&')
  const whole = fill(path, field => present(field, lookup)) + (asked === '' ? '' : `?${asked}`)
  return leadsElsewhere(whole) ? fail(`${JSON.stringify(whole.slice(0, 200))} leads out of its path`) : whole
}

/** What a setting may be within a host's name or a port. */
const HOST = /^[\w.:~-]*$/

/** The base URL of an account. A setting stays within the part of it where it stands; one that begins the text may be a whole address. */
export function baseUrlOf({ baseUrl }: Pick<ConnectorDocument, 'baseUrl'>, settings: JsonObject): string {
  const lookup = lookupIn({ settings })
  let url = ''
  for (const part of parseText(baseUrl).parts) {
    if (typeof part === 'string') url += part
    else {
      const value = present(part, lookup)
      const inPath = /^[a-z]+:\/\/[^/]*\//i.test(url)
      if (url !== '' && !inPath && !HOST.test(value)) fail(`The setting ${nameOf(part)} stands in a host's name: it holds characters that none can have`)
      url += inPath ? encoded(value, nameOf(part)) : value
    }
  }
  if (!/^https?:\/\/[^/?#\\]/i.test(url) || !URL.canParse(url) || /[?#\s]/.test(url) || leadsElsewhere(url))
    fail(`${JSON.stringify(url.slice(0, 200))} is not an address that calls can go to`)
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') fail('The address of a connector has no user name and no password')
  return url.replace(/\/+$/, '')
}

/** Names that merge fields of a call begin with `parameters.`. */
function placedIn(call: ConnectorCall): Set<string> {
  const names = new Set<string>()
  const look = (value: Json | undefined): void => {
    if (typeof value === 'string') {
      for (const part of parseText(value).parts) if (typeof part !== 'string' && part.root === 'parameters') names.add(nameOf(part))
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look)
  }
  for (const part of [call.path, call.query, call.headers, call.body]) look(part)
  return names
}

/** The parameters that are there; throws where a required one is not. */
function given(declared: readonly ConnectorParameter[], values: JsonObject): JsonObject {
  for (const { name, label, required } of declared) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (required === true && (value === undefined || value === null || value === ''))
      throw new StepError('sourceEmpty', `The parameter ${label ?? name} needs a value`)
  }
  return withoutNull(values)
}

export interface CallInput {
  readonly settings: JsonObject
  readonly parameters?: JsonObject
  /** The step's body, laid over the method's. */
  readonly fields?: Json
  readonly webhook?: { readonly url: string }
  readonly subscription?: { readonly id: string }
}

/**
 * The request of a call. `declared`: the parameters that the method has; one that stands in none of its merge fields goes into the query. Secrets may
 * stand in values as references. Throws `StepError`: `sourceEmpty` where a required parameter is missing, else `buildFailed`.
 */
export function buildCall(
  document: Pick<ConnectorDocument, 'baseUrl'>,
  call: ConnectorCall,
  { settings, fields, ...input }: CallInput,
  declared: readonly ConnectorParameter[] = [],
): BuiltRequest {
  const parameters = given(declared, input.parameters ?? {})
  const roots: CallRoots = {
    settings,
    parameters,
    ...(input.webhook && { webhook: { ...input.webhook } }),
    ...(input.subscription && { subscription: { ...input.subscription } }),
  }
  const lookup = lookupIn(roots)
  const placed = placedIn(call)
  const loose = Object.fromEntries(Object.entries(parameters).filter(([name]) => !placed.has(name)))
  const query = { ...loose, ...withoutNull(object(call.query ?? {}, lookup)) }
  const own = call.body === undefined ? undefined : filled(call.body, lookup)
  const body = isJsonObject(own) && isJsonObject(fields) ? { ...own, ...fields } : (fields ?? own)
  return {
    method: call.method,
    url: baseUrlOf(document, settings) + pathOf(call.path, lookup),
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(call.headers === undefined ? {} : { headers: object(call.headers, lookup) }),
    ...(body === undefined ? {} : { body }),
    ...(call.bodyType === undefined ? {} : { bodyType: call.bodyType }),
  }
}
