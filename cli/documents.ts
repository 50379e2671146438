/** Cycle documents of files, checked here as the server checks them, each problem with its line and column. */
import { Script } from 'node:vm'
import type { CycleDocument } from '../domain/document.ts'
import type { Problem, TextPlace } from '../domain/errors.ts'
import { isObject } from '../domain/objects.ts'
import { DOCUMENT_MAX, parseDocument, placesIn, readDocumentText, scriptsOf, type ScriptSource } from '../domain/schema/index.ts'
import type { DocumentFile } from './files.ts'

/** A problem with where it stands in its file. */
export interface Placed extends Problem {
  readonly place: TextPlace
}

export type Checked =
  | { readonly state: 'valid'; readonly file: DocumentFile; readonly document: CycleDocument; readonly value: unknown }
  | { readonly state: 'invalid'; readonly file: DocumentFile; readonly problems: readonly Placed[] }
  /** Found in a folder, and something else than a cycle. */
  | { readonly state: 'other'; readonly file: DocumentFile }

export function checkDocument(file: DocumentFile): Checked {
  const invalid = (problems: readonly Problem[]): Checked => ({ state: 'invalid', file, problems: inPlace(file, problems) })
  const size = Buffer.byteLength(file.text)
  if (size > DOCUMENT_MAX) return invalid([tooLarge(size)])
  const read = readDocumentText(file.text, file.form)
  if (!read.ok) return invalid(read.problems)
  if (file.found && !(isObject(read.value) && 'steps' in read.value)) return { state: 'other', file }
  const parsed = parseDocument(read.value)
  if (!parsed.ok) return invalid(parsed.problems)
  const problems = scriptsOf(parsed.document).flatMap(script => {
    const message = syntaxError(script)
    return message === undefined ? [] : [{ path: script.path, message }]
  })
  return problems.length > 0 ? invalid(problems) : { state: 'valid', file, document: parsed.document, value: read.value }
}

/** Of a document of so many bytes. */
export const tooLarge = (size: number): Problem => ({ path: '', message: `The document has ${size} bytes; at most ${DOCUMENT_MAX} (256 KiB) are taken.` })

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
export function syntaxError({ source, kind }: ScriptSource): string | undefined {
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
