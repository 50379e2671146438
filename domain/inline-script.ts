/**
 * Inline scripts (cycles.md 3): a string that begins with `=` is one JavaScript expression in which merge fields are values.
 * Each merge field becomes a variable, so that data never turns into code. In a string or template literal it is written as text.
 */
import type { Path } from './path.ts'
import { fieldAt } from './merge-field.ts'

/** A merge field of an inline script. `text`: it stands in a literal and is written into its text. */
export interface ScriptField {
  readonly path: Path
  readonly text: boolean
}

/** JavaScript in pieces, with the fields between them. `problem`: what is wrong with a merge field in it. */
export interface InlineScript {
  readonly parts: readonly (string | ScriptField)[]
  readonly problem?: string
}

// A slash begins a regular expression where no value can have ended just before it.
const REGEX_BEFORE = /(?:^|[=([{,;:!&|?+\-*%~^<>]|\b(?:return|typeof|in|of|new|delete|void|instanceof))$/
const MAX_TEMPLATES = 20

/** Longest regular expression that is looked for: slashes without an end then cost no quadratic time. */
const MAX_REGEX = 1000

/** Where the regular expression that begins at `start` ends; undefined where none does. */
function regexEnd(source: string, start: number): number | undefined {
  let inClass = false
  for (let i = start + 1; i < Math.min(source.length, start + MAX_REGEX); i++) {
    const c = source[i]
    if (c === '\n') return undefined
    if (c === '\\') i++
    else if (c === '[') inClass = true
    else if (c === ']') inClass = false
    else if (c === '/' && !inClass) return i + 1
  }
  return undefined
}

/** Splits an expression (without its `=`) into JavaScript and merge fields. */
export function parseInlineScript(source: string): InlineScript {
  const parts: (string | ScriptField)[] = []
  let problem: string | undefined
  let i = 0

  // The end of what was emitted, without blanks: enough to tell a division from a regular expression.
  let tail = ''
  const emit = (part: string | ScriptField): void => {
    const last = parts.at(-1)
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part
    else parts.push(part)
    tail = typeof part === 'string' ? (tail + part.slice(-16)).trimEnd().slice(-12) : '$'
  }
  const take = (end: number): string => {
    const text = source.slice(i, end)
    i = Math.min(end, source.length)
    return text
  }
  /** The merge field that stands here; text that only looks like one is a problem and is kept. */
  const field = (text: boolean): ScriptField | string | undefined => {
    const found = source[i] === '{' ? fieldAt(source, i) : undefined
    if (!found) return undefined
    if (!found.ok) problem ??= found.message
    const raw = take(found.end)
    return found.ok ? { path: found.path, text } : raw
  }
  const quoted = (quote: string): void => {
    const pieces: (string | ScriptField)[] = ['']
    let text = take(i + 1)
    let closed = false
    while (i < source.length && !closed) {
      const found = field(true)
      if (found === undefined) {
        closed = source[i] === quote
        text += take(source[i] === '\\' ? i + 2 : i + 1)
      } else if (typeof found === 'string') text += found
      else {
        pieces.push(`${text}${quote} + `, found)
        text = ` + ${quote}`
      }
    }
    // Brackets, so that what stands beside the literal applies to the whole text.
    if (pieces.length > 1) pieces[0] = '('
    for (const piece of pieces) emit(piece)
    emit(pieces.length > 1 ? `${text})` : text)
  }
  const template = (depth: number): void => {
    emit(take(i + 1))
    while (i < source.length) {
      const found = field(true)
      if (found !== undefined) for (const part of typeof found === 'string' ? [found] : ['${', found, '}']) emit(part)
      else if (source[i] === '`') return emit(take(i + 1))
      else if (source.startsWith('${', i)) {
        emit(take(i + 2))
        code(depth + 1)
      } else emit(take(source[i] === '\\' ? i + 2 : i + 1))
    }
  }
  const comment = (): boolean => {
    const end = source[i + 1] === '/' ? source.indexOf('\n', i) : source[i + 1] === '*' ? source.indexOf('*/', i + 2) : undefined
    if (end === undefined) return false
    emit(take(end < 0 ? source.length : end + 2))
    return true
  }
  const regex = (): boolean => {
    const end = REGEX_BEFORE.test(tail) ? regexEnd(source, i) : undefined
    if (end !== undefined) emit(take(end))
    return end !== undefined
  }
  /** Code up to the end, or (within a template literal) to the brace that closes it. */
  const code = (depth: number): void => {
    let braces = 0
    if (depth > MAX_TEMPLATES) {
      problem ??= 'Template literals are nested too deeply'
      emit(take(source.length))
    }
    while (i < source.length) {
      const c = source[i] ?? ''
      const found = field(false)
      if (found !== undefined) emit(found)
      else if (c === '"' || c === "'") quoted(c)
      else if (c === '`') template(depth)
      else if (c === '/' && (comment() || regex())) continue
      else {
        if (c === '{') braces++
        if (c === '}' && --braces < 0 && depth > 0) return emit(take(i + 1))
        emit(take(i + 1))
      }
    }
  }
  code(0)
  return problem === undefined ? { parts } : { parts, problem }
}

/** JavaScript of an inline script, with a name for each field: `$1`, `$2`… `missing` fields stand as `undefined`, or as empty text. */
export function scriptSource(script: InlineScript, missing: (field: ScriptField) => boolean = () => false): string {
  let count = 0
  return script.parts
    .map(part => {
      if (typeof part === 'string') return part
      count++
      if (!missing(part)) return `$${count}`
      return part.text ? '""' : '(undefined)'
    })
    .join('')
}
