/** Documents of files, checked here as the server checks them, each problem with its line and column. */
import { Script } from 'node:vm'
import type { Problem, TextPlace } from '../domain/errors.ts'
import { isObject } from '../domain/objects.ts'
import { DOCUMENT_MAX, parseDocument, placesIn, readDocumentText, scriptsOf, type ScriptSource } from '../domain/schema/index.ts'
import type { DocumentFile } from './files.ts'

/** A problem with where it stands in its file. */
export interface Placed extends Problem {
  readonly place: TextPlace
}

export interface Valid<D> {
  readonly state: 'valid'
  readonly file: DocumentFile
  readonly document: D
  /** As it was written. */
  readonly value: unknown
}

export type Checked<D> =
  | Valid<D>
  | { readonly state: 'invalid'; readonly file: DocumentFile; readonly problems: readonly Placed[] }
  /** Found in a folder, and of another kind. */
  | { readonly state: 'other'; readonly file: DocumentFile }

type Parsed<D> = { readonly ok: true; readonly document: D } | { readonly ok: false; readonly problems: readonly Problem[] }

/** Of one kind of documents. `sign`: the property that tells it from other files of a folder; `max`: the bytes that are taken. */
export function checker<D>(sign: string, parse: (value: unknown) => Parsed<D>, max = DOCUMENT_MAX): (file: DocumentFile) => Checked<D> {
  return file => {
    const invalid = (problems: readonly Problem[]): Checked<D> => ({ state: 'invalid', file, problems: inPlace(file, problems) })
    const size = Buffer.byteLength(file.text)
    if (size > max) return invalid([{ path: '', message: `The document has ${size} bytes; at most ${max} (${max / 1024} KiB) are taken.` }])
    const read = readDocumentText(file.text, file.form)
    if (!read.ok) return invalid(read.problems)
    if (file.found && !(isObject(read.value) && sign in read.value)) return { state: 'other', file }
    const parsed = parse(read.value)
    return parsed.ok ? { state: 'valid', file, document: parsed.document, value: read.value } : invalid(parsed.problems)
  }
}

/** The same; a script in it that does not parse is a problem too. */
export function withScripts<D>(parsed: Parsed<D>, scriptsIn: (document: D) => readonly ScriptSource[]): Parsed<D> {
  if (!parsed.ok) return parsed
  const problems = scriptsIn(parsed.document).flatMap(script => {
    const message = syntaxError(script)
    return message === undefined ? [] : [{ path: script.path, message }]
  })
  return problems.length === 0 ? parsed : { ok: false, problems }
}

/** Cycles and templates. */
export const checkDocument = checker('steps', value => withScripts(parseDocument(value), scriptsOf))

/** The same problems with their places, in the order of the text. */
export function inPlace(file: DocumentFile, problems: readonly Problem[]): Placed[] {
  const placeOf = placesIn(file.text)
  return problems
    .map(problem => ({ ...problem, place: problem.place ?? placeOf(problem.path) }))
    .toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
}

/** `file:line:column: path: message`, as editors and compilers write it. */
export const problemLine = (file: DocumentFile, { place, path, message }: Placed): string =>
  `${file.name}:${place.line}:${place.column}: ${path === '' ? '' : `${path}: `}${message}`

/** Only parsed, never run; an expression in brackets of two kinds, as the server does. */
function syntaxError({ source, kind }: ScriptSource): string | undefined {
  for (const form of kind === 'script' ? [source] : [`(${source}\n)`, `[${source}\n]`]) {
    try {
      void new Script(form, { filename: 'script' })
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'SyntaxError') throw error
      const line = /^script:(\d+)/.exec(error.stack ?? '')?.[1]
      return `The script does not parse: ${error.message}${line === undefined || kind === 'expression' ? '' : ` (line ${line})`}`
    }
  }
  return undefined
}
