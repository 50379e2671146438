/** Paths into data: a root, then `.name`, `[0]`, `["any name"]`; `[*]` maps over a list (cycles.md 3). */
import type { Json } from './json.ts'
import { isJsonObject } from './objects.ts'

/** A property name, an index, or `*`: every element of a list. */
export type Segment = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'index'; readonly index: number } | { readonly kind: 'each' }

export interface Path {
  readonly root: string
  readonly segments: readonly Segment[]
}

/** Gives the value of a path's root; undefined where there is none. */
export type Lookup = (path: Path) => Json | undefined

export type ParsedPath =
  { readonly ok: true; readonly path: Path; readonly end: number } | { readonly ok: false; readonly message: string; readonly at: number }

const ROOT = /[A-Za-z_$][A-Za-z0-9_$]*/y
// Names of headers, attributes (`@id`), prefixed elements (`ns:id`) and `#text` need no quotes.
const NAME = /[^\s.[\]{}"']+/y
const INDEX = /\[\s*(\d{1,9})\s*\]/y
const EACH = /\[\s*\*\s*\]/y
const QUOTED = /\[\s*("(?:[^"\\\u0000-\u001f]|\\.)*")\s*\]/y

function at(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position
  return pattern.exec(text)
}

function unquote(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads a path that begins at `start`, as far as it goes: `end` is the position behind it. */
export function readPathAt(text: string, start: number): ParsedPath {
  const root = at(ROOT, text, start)
  if (!root) return { ok: false, message: 'A path begins with a name, as in order.body.id', at: start }
  const segments: Segment[] = []
  let position = start + root[0].length
  for (;;) {
    const found = text[position]
    if (found === '.') {
      const name = at(NAME, text, position + 1)
      if (!name) return { ok: false, message: 'A name must follow the dot; other names are written ["any name"]', at: position + 1 }
      segments.push({ kind: 'name', name: name[0] })
      position += 1 + name[0].length
    } else if (found === '[') {
      const index = at(INDEX, text, position)
      const each = index ? null : at(EACH, text, position)
      const quoted = index || each ? null : at(QUOTED, text, position)
      const name = quoted?.[1] === undefined ? undefined : unquote(quoted[1])
      const whole = index ?? each ?? quoted
      if (index) segments.push({ kind: 'index', index: Number(index[1]) })
      else if (each) segments.push({ kind: 'each' })
      else if (name !== undefined) segments.push({ kind: 'name', name })
      if (!whole || (quoted && name === undefined))
        return { ok: false, message: 'Brackets hold an index [0], every element [*], or a name ["any name"]', at: position }
      position += whole[0].length
    } else return { ok: true, path: { root: root[0], segments }, end: position }
  }
}

/** Parses a text that is one path and nothing else; blanks around it are allowed. */
export function parsePath(text: string): ParsedPath {
  const start = text.length - text.trimStart().length
  const parsed = readPathAt(text, start)
  if (!parsed.ok || text.slice(parsed.end).trim() === '') return parsed
  return { ok: false, message: `Unexpected ${JSON.stringify(text.slice(parsed.end).trim().slice(0, 20))} behind the path`, at: parsed.end }
}

/** The path as it is written. */
export function pathText(path: Path): string {
  let text = path.root
  for (const segment of path.segments) {
    if (segment.kind === 'index') text += `[${segment.index}]`
    else if (segment.kind === 'each') text += '[*]'
    else text += /^[^\s.[\]{}"']+$/.test(segment.name) ? `.${segment.name}` : `[${JSON.stringify(segment.name)}]`
  }
  return text
}

/** Follows segments from a value on. Only own properties count; `[*]` keeps the list's length, a missing element is null. */
export function follow(value: Json | undefined, segments: readonly Segment[], from = 0): Json | undefined {
  let current = value
  for (let i = from; i < segments.length; i++) {
    const segment = segments[i]
    if (current === undefined || current === null || segment === undefined) return undefined
    if (segment.kind === 'each') {
      return Array.isArray(current) ? current.map(element => follow(element, segments, i + 1) ?? null) : undefined
    }
    if (Array.isArray(current)) {
      if (segment.kind === 'index') current = current[segment.index]
      else current = /^\d+$/.test(segment.name) ? current[Number(segment.name)] : undefined
    } else if (isJsonObject(current)) {
      const name: string = segment.kind === 'index' ? String(segment.index) : segment.name
      current = Object.hasOwn(current, name) ? current[name] : undefined
    } else return undefined
  }
  return current
}

/** A lookup over an object of roots: step ids, `variables`, `webhooks`, `transaction`, `cycle`, `account`. */
export function lookupIn(roots: { readonly [root: string]: Json }): Lookup {
  return path => (Object.hasOwn(roots, path.root) ? follow(roots[path.root], path.segments) : undefined)
}
