/** What is known at each place of a document. */
import type { z } from 'zod'
import { isObject } from '../objects.ts'
import type { Known, Vocabulary } from './issues.ts'
import { documentSchema, retention, settings, variable } from './document.ts'
import { stepSchemas } from './steps.ts'
import { authTypes, verifySchemes } from './verify.ts'

type Shape = { readonly [name: string]: z.ZodType }

export const stepTypes: readonly string[] = Object.keys(stepSchemas)

const stepShapes: { readonly [type: string]: Shape } = Object.fromEntries(Object.entries(stepSchemas).map(([type, schema]) => [type, schema.shape]))
const verifyShapes: { readonly [scheme: string]: Shape } = Object.fromEntries(Object.entries(verifySchemes).map(([scheme, schema]) => [scheme, schema.shape]))
const authShapes: { readonly [type: string]: Shape } = Object.fromEntries(Object.entries(authTypes).map(([type, schema]) => [type, schema.shape]))

const chosen = (shapes: { readonly [name: string]: Shape }, name: unknown): readonly string[] =>
  typeof name === 'string' && Object.hasOwn(shapes, name) ? Object.keys(shapes[name] ?? {}) : []

/** The properties that an object of the document may have. `value` is the object itself. */
function knownAt(path: readonly PropertyKey[], value: unknown): Known {
  const [top, , part] = path
  const object = isObject(value) ? value : {}
  if (path.length === 0) return { known: Object.keys(documentSchema.shape), later: [] }
  if (top === 'settings') return { known: Object.keys(path.length === 1 ? settings.shape : retention.shape), later: [] }
  if (top === 'variables') return { known: path.length === 2 ? Object.keys(variable.shape) : ['label', 'value'], later: [] }
  if (part === 'verify') return { known: chosen(verifyShapes, object['scheme']), later: [] }
  if (part === 'auth') return { known: chosen(authShapes, object['type']), later: [] }
  if (part === 'cases') return { known: ['equals', 'next'], later: [] }
  if (part === 'match') return { known: ['request', 'transaction'], later: [] }
  const type = String(object['type'])
  return { known: chosen(stepShapes, type), later: [] }
}

/** The choices of the property that tells the kinds of an object apart. */
function choicesAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.at(-2) === 'verify') return Object.keys(verifySchemes)
  if (path.at(-2) === 'auth') return Object.keys(authTypes)
  return stepTypes
}

/** Of cycle documents. */
export const cycleWords: Vocabulary = { knownAt, choicesAt }
