/** Rules of the connector document that look at more than one property: unique names, merge fields, paths into answers. */
import type { Problem } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { parseText } from '../merge-field.ts'
import { isJsonObject } from '../objects.ts'
import { parsePath, pathText, type Path } from '../path.ts'
import { placeText } from './paths.ts'
import { didYouMean } from './suggest.ts'

type At = readonly PropertyKey[]
/** Names behind each root that merge fields may begin with. */
interface Roots {
  readonly [root: string]: readonly string[]
}

const objectsIn = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])
const namesIn = (value: Json | undefined): string[] => objectsIn(value).flatMap(({ name }) => (typeof name === 'string' ? [name] : []))

const problem = (path: At, message: string): Problem => ({ path: placeText(path), message })

function unique(list: Json | undefined, property: string, at: At, what: string): Problem[] {
  const first = new Map<string, number>()
  return (Array.isArray(list) ? list : []).flatMap((each, i) => {
    const value = isJsonObject(each) ? each[property] : undefined
    if (typeof value !== 'string') return []
    const before = first.get(value)
    if (before === undefined) {
      first.set(value, i)
      return []
    }
    return [problem([...at, i, property], `${what} ${JSON.stringify(value)} stands at ${placeText([...at, before])} already: ${property}s are unique`)]
  })
}

function fieldProblem(path: Path, roots: Roots): string | undefined {
  const names = Object.hasOwn(roots, path.root) ? roots[path.root] : undefined
  if (names === undefined)
    return `${pathText(path)} begins with ${JSON.stringify(path.root)}: here merge fields begin with ${Object.keys(roots).join(' or ')}.${didYouMean(path.root, Object.keys(roots))}`
  const [name] = path.segments
  if (name?.kind !== 'name') return `Must name one: ${path.root}.NAME`
  if (names.includes(name.name)) return undefined
  return `${path.root} has no ${JSON.stringify(name.name)}.${didYouMean(name.name, names)}`
}

/** Of all merge fields in a value. */
function merged(value: Json | undefined, at: At, roots: Roots): Problem[] {
  if (typeof value === 'string') {
    const { parts, problem: wrong } = parseText(value)
    const told = parts.flatMap(part => (typeof part === 'string' ? [] : (fieldProblem(part, roots) ?? [])))
    return [...(wrong === undefined ? [] : [wrong]), ...new Set(told)].map(message => problem(at, message))
  }
  if (Array.isArray(value)) return value.flatMap((each, i) => merged(each, [...at, i], roots))
  return isJsonObject(value) ? Object.entries(value).flatMap(([name, each]) => merged(each, [...at, name], roots)) : []
}

function callProblems(call: Json | undefined, at: At, roots: Roots): Problem[] {
  if (!isJsonObject(call)) return []
  return ['path', 'query', 'headers', 'body'].flatMap(property => merged(call[property], [...at, property], roots))
}

/** `roots`: what the path begins with; none: it goes into a body, and begins with any name. */
function into(text: Json | undefined, at: At, roots?: readonly string[]): Problem[] {
  if (typeof text !== 'string') return []
  if (text.includes('{{')) return [problem(at, 'A path is written without braces, as in body.id')]
  const parsed = parsePath(text)
  if (!parsed.ok) return [problem(at, `${JSON.stringify(text)} is not a path: ${parsed.message}`)]
  if (roots === undefined || roots.includes(parsed.path.root)) return []
  return [problem(at, `A path begins here with ${roots.join(' or ')}, not ${parsed.path.root}.${didYouMean(parsed.path.root, roots)}`)]
}

function methodProblems(method: Json, at: At, settings: readonly string[]): Problem[] {
  if (!isJsonObject(method)) return []
  const { parameters, paging, response, subscribe, unsubscribe } = method
  if (method['type'] === 'webhook') {
    const own = { settings, webhook: ['url'] }
    const id = isJsonObject(subscribe) ? subscribe['id'] : undefined
    return [
      ...callProblems(subscribe, [...at, 'subscribe'], own),
      ...into(id, [...at, 'subscribe', 'id'], ['body', 'headers']),
      ...(unsubscribe !== undefined && subscribe === undefined
        ? [problem([...at, 'unsubscribe'], 'There is no subscribe: nothing is to be unsubscribed')]
        : []),
      ...callProblems(unsubscribe, [...at, 'unsubscribe'], { ...own, ...(id === undefined ? {} : { subscription: ['id'] }) }),
    ]
  }
  const pages = isJsonObject(paging) ? paging : {}
  const body = isJsonObject(response) ? response['path'] : undefined
  return [
    ...unique(parameters, 'name', [...at, 'parameters'], 'The parameter'),
    ...callProblems(method, at, { parameters: namesIn(parameters), settings }),
    ...into(pages['items'], [...at, 'paging', 'items']),
    ...into(pages['next'], [...at, 'paging', 'next'], ['body', 'headers']),
    ...into(body, [...at, 'response', 'path']),
    ...(paging !== undefined && response !== undefined ? [problem([...at, 'response'], 'With paging, items of the paging says where the list stands')] : []),
  ]
}

/** `root`: the document, which may still have other mistakes. */
export function connectorRules(root: Json): Problem[] {
  if (!isJsonObject(root)) return []
  const settings = namesIn(root['settings'])
  const methods = Array.isArray(root['methods']) ? root['methods'].slice(0, 1_000) : []
  const authentication = isJsonObject(root['authentication']) ? root['authentication'] : {}
  return [
    ...merged(root['baseUrl'], ['baseUrl'], { settings }),
    ...unique(root['settings'], 'name', ['settings'], 'The setting'),
    ...['authorizeUrl', 'tokenUrl'].flatMap(property => merged(authentication[property], ['authentication', property], { settings })),
    ...(authentication['grant'] === 'authorizationCode' && authentication['authorizeUrl'] === undefined
      ? [problem(['authentication', 'authorizeUrl'], 'Is required with the grant authorizationCode')]
      : []),
    ...callProblems(root['test'], ['test'], { settings }),
    ...into(root['externalIds'], ['externalIds'], ['body', 'headers', 'query']),
    ...unique(methods, 'id', ['methods'], 'The id'),
    ...methods.flatMap((method, i) => methodProblems(method, ['methods', i], settings)),
  ]
}
