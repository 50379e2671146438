/** Merge fields in text: `{{ path }}` (cycles.md 3). */
import { readPathAt, type Path } from './path.ts'

export type FieldAt = { readonly ok: true; readonly path: Path; readonly end: number } | { readonly ok: false; readonly message: string; readonly end: number }

const BLANK = /\s*/y

function skipBlank(text: string, start: number): number {
  BLANK.lastIndex = start
  BLANK.test(text)
  return BLANK.lastIndex
}

/** The merge field that begins at `start`; undefined where none begins there. Of more than two braces the innermost two count. */
export function fieldAt(text: string, start: number): FieldAt | undefined {
  if (text[start] !== '{' || text[start + 1] !== '{' || text[start + 2] === '{') return undefined
  const parsed = readPathAt(text, skipBlank(text, start + 2))
  const close = parsed.ok ? skipBlank(text, parsed.end) : parsed.at
  if (parsed.ok && text.startsWith('}}', close)) return { ok: true, path: parsed.path, end: close + 2 }
  const end = text.indexOf('}}', close)
  const shown = text.slice(start, end < 0 ? start + 40 : Math.min(end + 2, start + 60))
  const why = end < 0 ? 'the closing }} is missing' : parsed.ok ? 'only one path may stand in it' : parsed.message
  return { ok: false, message: `${shown} is not a merge field: ${why}. Write \\{{ for literal braces`, end: end < 0 ? text.length : end + 2 }
}

export type TextPart = string | Path

/** A text in pieces: literal text, and the paths of its merge fields. `problem`: the first thing wrong; it is kept as literal text. */
export interface MergeText {
  readonly parts: readonly TextPart[]
  readonly problem?: string
}

/** Splits a text at its merge fields; `\{{` is a literal pair of braces. */
export function parseText(text: string): MergeText {
  if (!text.includes('{{')) return { parts: text === '' ? [] : [text] }
  const parts: TextPart[] = []
  let problem: string | undefined
  let literal = ''
  for (let i = 0; i < text.length;) {
    const next = text.indexOf('{{', i)
    if (next < 0) {
      literal += text.slice(i)
      break
    }
    if (next > i && text[next - 1] === '\\') {
      literal += `${text.slice(i, next - 1)}{{`
      i = next + 2
      continue
    }
    literal += text.slice(i, next)
    const field = fieldAt(text, next)
    if (!field) {
      literal += '{'
      i = next + 1
      continue
    }
    if (field.ok) {
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push(field.path)
    } else {
      problem ??= field.message
      literal += text.slice(next, field.end)
    }
    i = field.end
  }
  if (literal !== '') parts.push(literal)
  return problem === undefined ? { parts } : { parts, problem }
}
