/** Merge fields and paths are checked when a document is saved, not when it runs (cycles.md 3). */
import type { Problem } from '../errors.ts'
import { upstreamOf } from '../graph.ts'
import { parseInlineScript } from '../inline-script.ts'
import type { Json } from '../json.ts'
import { parseText } from '../merge-field.ts'
import { isJsonObject } from '../objects.ts'
import { parsePath, pathText, type Path } from '../path.ts'
import { reservedRoots } from './graph-rules.ts'
import { placeText } from './paths.ts'
import { didYouMean } from './suggest.ts'
import type { View, ViewStep } from './view.ts'

/** The properties of each step type in which merge fields are filled in. */
export const mergedProperties: { readonly [type: string]: readonly string[] } = {
  synchronousResponse: ['status', 'headers', 'body'],
  request: ['method', 'url', 'query', 'headers', 'body', 'auth', 'scriptParameters'],
  method: ['parameters', 'fields', 'query', 'headers', 'scriptParameters'],
  script: ['input'],
  decision: ['left', 'right'],
  switch: ['value', 'cases'],
  delay: ['for'],
  waitUntil: ['at'],
}
const secretProperties: { readonly [type: string]: readonly string[] } = {
  request: ['url', 'query', 'headers', 'body', 'auth'],
  method: ['parameters', 'fields', 'query', 'headers'],
}

const fixedRoots: { readonly [root: string]: readonly string[] } = {
  transaction: ['id', 'startedAt'],
  cycle: ['id', 'name'],
  account: ['id', 'apiId', 'name'],
}

/** Where a path stands: its step, the property, and whether within an inline script. */
interface Place {
  readonly step: ViewStep
  readonly property: string
  readonly script: boolean
}

/** Checks paths against one view; what is upstream of a step is worked out once. */
export function createPathCheck(view: View): (path: Path, place: Place) => string | undefined {
  const ids = view.steps.map(step => step.id)
  const known = new Map<string, Set<string>>()
  const upstream = upstreamOf(view.byId.keys(), view.successors)
  const above = (id: string): Set<string> => {
    const found = known.get(id) ?? upstream(id)
    known.set(id, found)
    return found
  }

  const variable = (path: Path, place: Place): string | undefined => {
    const name = path.segments[0]
    if (name?.kind !== 'name') return 'Must name a variable: variables.NAME'
    const secret = view.variables.get(name.name)
    if (secret === undefined) return `The variable ${JSON.stringify(name.name)} is not declared in variables.${view.suggest(name.name, view.variables.keys())}`
    if (!secret) return undefined
    if (secretProperties[place.step.type]?.includes(place.property) !== true)
      return `The secret variable ${JSON.stringify(name.name)} may stand only in url, query, headers, body and auth of a request step, or in parameters, fields, query and headers of a method step`
    if (place.script)
      return `The secret variable ${JSON.stringify(name.name)} cannot stand in an inline script: write it into text, as in Bearer {{${pathText(path)}}}`
    return path.segments.length > 1 ? `The secret variable ${JSON.stringify(name.name)} is text: nothing follows its name` : undefined
  }
  const webhook = (path: Path): string | undefined => {
    const [name, url] = path.segments
    const webhooks = view.steps.filter(step => step.type === 'webhook').map(step => step.id)
    if (name?.kind !== 'name') return 'Must name a webhook step: webhooks.STEP.url'
    if (!webhooks.includes(name.name)) {
      const why = view.byId.has(name.name) ? 'is not of type webhook' : 'does not exist'
      return `The webhook step ${JSON.stringify(name.name)} ${why}.${view.suggest(name.name, webhooks)}`
    }
    return url?.kind === 'name' && url.name === 'url' && path.segments.length === 2
      ? undefined
      : `Of a webhook step there is its address: webhooks.${name.name}.url`
  }
  const fixed = (path: Path, names: readonly string[]): string | undefined => {
    const [name] = path.segments
    if (name?.kind === 'name' && names.includes(name.name) && path.segments.length === 1) return undefined
    const near = name?.kind === 'name' ? didYouMean(name.name, names) : ''
    return `There is no ${pathText(path)}, only ${names.map(each => `${path.root}.${each}`).join(', ')}.${near}`
  }
  return (path, place) => {
    if (path.root === 'variables') return variable(path, place)
    if (path.root === 'webhooks') return webhook(path)
    const names = Object.hasOwn(fixedRoots, path.root) ? fixedRoots[path.root] : undefined
    if (names) return fixed(path, names)
    if (!view.byId.has(path.root))
      return `${pathText(path)} begins with ${JSON.stringify(path.root)}, which is neither a step nor variables, webhooks, transaction, cycle or account.${view.suggest(path.root, [...ids, ...reservedRoots])}`
    if (above(place.step.id).has(path.root)) return undefined
    const where = path.root === place.step.id ? 'is this step itself' : `is not upstream of "${place.step.id}"`
    return `The step "${path.root}" ${where}: its data cannot be there yet`
  }
}

/** Problems of every merge field and match path of a document. */
export function mergeProblems(view: View): Problem[] {
  const problems: Problem[] = []
  const check = createPathCheck(view)
  const found = (path: readonly PropertyKey[], message: string | undefined): void => {
    if (message !== undefined) problems.push({ path: placeText(path), message })
  }
  const inText = (text: string, path: readonly PropertyKey[], place: Place): void => {
    const script = place.script && text.startsWith('=')
    const { parts, problem } = script ? parseInlineScript(text.slice(1)) : parseText(text)
    found(path, problem)
    const seen = new Set<string>()
    for (const part of parts) {
      if (typeof part === 'string') continue
      const field = 'path' in part ? part.path : part
      const message = check(field, { ...place, script })
      // The same mistake twice in one text is told once.
      if (message !== undefined && !seen.has(message)) found(path, message)
      if (message !== undefined) seen.add(message)
    }
  }
  const walk = (value: Json | undefined, path: readonly PropertyKey[], place: Omit<Place, 'script'>): void => {
    if (typeof value === 'string') inText(value, path, { ...place, script: true })
    else if (Array.isArray(value)) for (const [i, element] of value.entries()) walk(element, [...path, i], place)
    else if (isJsonObject(value)) {
      for (const [name, child] of Object.entries(value)) {
        inText(name, [...path, name], { ...place, script: false })
        walk(child, [...path, name], place)
      }
    }
  }
  for (const step of view.steps) {
    const properties = Object.hasOwn(mergedProperties, step.type) ? (mergedProperties[step.type] ?? []) : []
    for (const property of properties) walk(step.raw[property], ['steps', step.index, property], { step, property })
    const { match, split } = step.raw
    if (typeof split === 'string' && Object.hasOwn(dataRoots, step.type))
      found(['steps', step.index, 'split'], pathInto(split, dataRoots[step.type] ?? [], "the step's data"))
    if (step.type === 'webhook' && step.index > 0 && isJsonObject(match)) {
      const base = ['steps', step.index, 'match']
      if (typeof match['request'] === 'string') found([...base, 'request'], pathInto(match['request'], requestRoots, 'the request'))
      if (typeof match['transaction'] === 'string') {
        const parsed = matchPath(match['transaction'])
        found([...base, 'transaction'], typeof parsed === 'string' ? parsed : check(parsed, { step, property: 'match', script: false }))
      }
    }
  }
  return problems
}

function matchPath(text: string): Path | string {
  if (text.includes('{{')) return 'A path is written without braces, as in order.body.id'
  const parsed = parsePath(text)
  return parsed.ok ? parsed.path : `${JSON.stringify(text)} is not a path: ${parsed.message}`
}

const requestRoots = ['body', 'headers', 'query', 'method']
/** What the data of a step that can be split begins with. */
const dataRoots: { readonly [type: string]: readonly string[] } = {
  webhook: requestRoots,
  request: ['status', 'headers', 'body'],
  method: ['status', 'headers', 'body'],
}

function pathInto(text: string, roots: readonly string[], what: string): string | undefined {
  const path = matchPath(text)
  if (typeof path === 'string') return path
  return roots.includes(path.root)
    ? undefined
    : `A path into ${what} begins with ${roots.slice(0, -1).join(', ')} or ${roots.at(-1)}, not ${path.root}.${didYouMean(path.root, roots)}`
}
