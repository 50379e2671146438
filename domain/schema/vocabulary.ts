/** Which properties and choices there are at a place of a document, read off its schema: for "did you mean". */
import { z } from 'zod'
import { isObject } from '../objects.ts'
import type { Vocabulary } from './issues.ts'

type Schema = z.core.$ZodType

function bare(schema: Schema): Schema {
  const { $ZodOptional, $ZodNullable, $ZodDefault } = z.core
  return schema instanceof $ZodOptional || schema instanceof $ZodNullable || schema instanceof $ZodDefault ? bare(schema._zod.def.innerType) : schema
}

const valuesOf = (schema: Schema | undefined): readonly unknown[] => [...(schema?._zod.values ?? [])]

/** Of several kinds of an object, the one that its tag names. */
function chosen(schema: Schema, value: unknown): Schema | undefined {
  const inner = bare(schema)
  if (!(inner instanceof z.ZodDiscriminatedUnion)) return inner
  const tag = isObject(value) ? value[inner.def.discriminator] : undefined
  return inner.options.find(option => option instanceof z.ZodObject && valuesOf(option.shape[inner.def.discriminator]).includes(tag))
}

/** The schema at a place, not yet chosen among kinds. */
function schemaAt(root: Schema, path: readonly PropertyKey[], input: unknown): Schema | undefined {
  let schema: Schema | undefined = root
  let value = input
  for (const key of path) {
    const inner: Schema | undefined = schema === undefined ? undefined : chosen(schema, value)
    if (inner instanceof z.ZodArray) schema = inner.element
    else if (inner instanceof z.ZodObject) schema = Object.entries<Schema>(inner.shape).find(([name]) => name === key)?.[1]
    else return undefined
    value = Array.isArray(value) && typeof key === 'number' ? value[key] : isObject(value) ? value[String(key)] : undefined
  }
  return schema
}

export const vocabularyOf = (root: Schema, input: unknown): Vocabulary => ({
  knownAt(path, value) {
    const schema = schemaAt(root, path, input)
    const inner = schema === undefined ? undefined : chosen(schema, value)
    return { known: inner instanceof z.ZodObject ? Object.keys(inner.shape) : [], later: [] }
  },
  choicesAt(path) {
    const schema = schemaAt(root, path.slice(0, -1), input)
    const inner = schema === undefined ? undefined : bare(schema)
    if (!(inner instanceof z.ZodDiscriminatedUnion)) return []
    return inner.options.flatMap(option => (option instanceof z.ZodObject ? valuesOf(option.shape[inner.def.discriminator]).map(String) : []))
  },
})
