/**
 * The border of names: outside PascalCase, read without regard to case; inside camelCase (api.md). Nothing else knows of it.
 * Both directions go by the schema, so that what is free (a document, step data) passes as it is.
 */
import { z } from 'zod'
import type { Problem } from '../domain/errors.ts'
import type { Json, JsonObject } from '../domain/json.ts'

const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
const isObject = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The schema inside optional, nullable and the like. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const { $ZodOptional, $ZodNullable, $ZodDefault } = z.core
  if (schema instanceof $ZodOptional || schema instanceof $ZodNullable || schema instanceof $ZodDefault) return bare(schema._zod.def.innerType)
  return schema
}

/** Of a list or one by itself: the option that a value is. */
const chosen = (options: readonly z.core.$ZodType[], value: unknown): z.core.$ZodType =>
  options.find(option => (Array.isArray(value) ? option instanceof z.ZodArray : option instanceof z.ZodObject)) ?? z.unknown()

/** Renames the properties of what came in to those of `schema`; of two that differ in case only, the one written as documented counts. Unknown ones go. */
export function fromWire(schema: z.core.$ZodType, value: unknown): unknown {
  const inner = bare(schema)
  if (inner instanceof z.ZodArray && Array.isArray(value)) return value.map(element => fromWire(inner.element, element))
  if (inner instanceof z.ZodUnion) return fromWire(chosen(inner.options, value), value)
  if (!(inner instanceof z.ZodObject) || !isObject(value)) return value
  const read: { [name: string]: unknown } = {}
  const given = new Map(Object.keys(value).map(name => [name.toLowerCase(), name]))
  for (const [name, child] of Object.entries<z.core.$ZodType>(inner.shape)) {
    const found = Object.hasOwn(value, pascal(name)) ? pascal(name) : given.get(name.toLowerCase())
    if (found !== undefined) read[name] = fromWire(child, value[found])
  }
  return read
}

/** Writes an answer: the properties that its schema has, in PascalCase and in the schema's order; `undefined` ones are left out. */
export function toWire(schema: z.core.$ZodType, value: unknown): Json {
  const inner = bare(schema)
  if (inner instanceof z.ZodArray && Array.isArray(value)) return value.map(element => toWire(inner.element, element))
  if (!(inner instanceof z.ZodObject) || !isObject(value)) return free(value)
  const written: JsonObject = {}
  for (const [name, child] of Object.entries<z.core.$ZodType>(inner.shape)) {
    const found = value[name]
    if (found !== undefined) written[pascal(name)] = toWire(child, found)
  }
  return written
}

/** What has no schema of ours is JSON already: it came from a document, from Temporal or from Redis. */
function free(value: unknown): Json {
  if (value === undefined) return null
  const json: Json = JSON.parse(JSON.stringify(value))
  return json
}

/** What zod found wrong, by the names that the caller wrote. */
export function problemsOf(error: z.core.$ZodError, name: (text: string) => string = pascal): Problem[] {
  return error.issues.map(({ path, message }) => ({ path: pathOf(path, name), message }))
}

function pathOf(path: readonly PropertyKey[], name: (text: string) => string): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? name(String(part)) : `${text}.${name(String(part))}`
  }, '')
}

/** The body of an error (api.md). `id` of one that the log tells more about. */
export function errorToWire(error: {
  readonly code: string
  readonly message: string
  readonly problems: readonly Problem[]
  readonly id?: string
}): JsonObject {
  const { code, message, problems, id } = error
  return {
    Message: message,
    Code: code,
    ...(problems.length === 0 ? {} : { Errors: problems.map(problem => ({ Path: problem.path, Message: problem.message })) }),
    ...(id === undefined ? {} : { Id: id }),
  }
}

/** JSON Schema of what stands on the wire; `name` tells those that are described once and referred to. */
export function wireSchema(schema: z.core.$ZodType, io: 'input' | 'output', name: (schema: z.core.$ZodType) => string | undefined): JsonObject {
  return jsonSchemaOf(schema, io, (inner, json, root) => {
    const known = root ? undefined : name(inner)
    if (known === undefined) return rename(json)
    for (const property of Object.keys(json)) Reflect.deleteProperty(json, property)
    json.$ref = `#/components/schemas/${known}`
  })
}

/** The same where names are not ours to write: OAuth's. */
export const plainSchema = (schema: z.core.$ZodType, io: 'input' | 'output'): JsonObject => jsonSchemaOf(schema, io, () => undefined)

type Override = (schema: z.core.$ZodType, json: z.core.JSONSchema.BaseSchema, root: boolean) => void

function jsonSchemaOf(schema: z.core.$ZodType, io: 'input' | 'output', override: Override): JsonObject {
  const { $schema: _dialect, ...made } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema, path }) => override(zodSchema, jsonSchema, path.length === 0),
  })
  const json: JsonObject = JSON.parse(JSON.stringify(made))
  return json
}

function rename(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.properties !== undefined) schema.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [pascal(name), child]))
  if (schema.required !== undefined) schema.required = schema.required.map(pascal)
  if (schema.additionalProperties === false) delete schema.additionalProperties
}
