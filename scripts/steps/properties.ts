/** Tables of properties, from the schemas of documents. */
import { z } from 'zod'
import { stepSchemas } from '../../domain/schema/steps.ts'

/** What is read of a JSON Schema. */
const schema = z.object({
  type: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  pattern: z.string().optional(),
  description: z.string().optional(),
  examples: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schema).optional()
  },
  get items() {
    return schema.optional()
  },
  get anyOf() {
    return z.array(schema).optional()
  },
  get oneOf() {
    return z.array(schema).optional()
  },
})
type Schema = z.infer<typeof schema>

export interface Property {
  readonly name: string
  readonly required: boolean
  readonly values: string
  readonly meaning: string
}

type Type = keyof typeof stepSchemas

const read = (of: z.ZodType): Schema => schema.parse(z.toJSONSchema(of, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }))
const schemaOf = (type: Type): Schema => read(stepSchemas[type])

/** Of another document; those within objects behind dots. */
export const propertiesIn = (of: z.ZodType): Property[] => rows('', read(of))

/** What the step does, in a sentence. */
export const descriptionOf = (type: Type): string => schemaOf(type).properties?.['type']?.description ?? ''

const COMMON = ['id', 'name', 'description', 'type', 'next']

/** Properties that steps have in common. */
export const commonProperties = (): Property[] => {
  const { properties = {}, ...rest } = schemaOf('request')
  return rows('', { ...rest, properties: Object.fromEntries(COMMON.map(name => [name, name === 'type' ? TYPE : (properties[name] ?? {})])) })
}
const TYPE: Schema = { enum: Object.keys(stepSchemas), description: 'What kind of step it is.' }

/** Those of one type. */
export const propertiesOf = (type: Type): Property[] => rows('', schemaOf(type)).filter(({ name }) => !COMMON.includes(name))

function rows(prefix: string, { properties = {}, required = [] }: Schema): Property[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const own = { name: `${prefix}${name}`, required: required.includes(name), values: valuesOf(property), meaning: property.description ?? '' }
    return [own, ...inner(`${prefix}${name}`, property)]
  })
}

/** Properties of objects within: `match.request`, `cases[].equals`, and of each kind where there are several. */
function inner(name: string, { oneOf, items, properties, ...rest }: Schema): Property[] {
  if (oneOf !== undefined) {
    return oneOf.flatMap(kind => {
      const [tag = '', own] = Object.entries(kind.properties ?? {}).find(([, property]) => property.const !== undefined) ?? []
      const meant = rows(`${name}.`, kind).filter(row => row.name !== `${name}.${tag}`)
      return [
        { name: `${name}.${tag}`, required: true, values: `\`${String(own?.const)}\``, meaning: own?.description ?? '' },
        ...meant.map(row => ({ ...row, meaning: `Of \`${String(own?.const)}\`: ${lowered(row.meaning)}` })),
      ]
    })
  }
  if (items?.properties !== undefined) return rows(`${name}[].`, items)
  return properties === undefined ? [] : rows(`${name}.`, { ...rest, properties })
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function valuesOf(of: Schema): string {
  if (of.enum !== undefined) return of.enum.map(each => `\`${String(each)}\``).join(' ')
  if (of.anyOf !== undefined) return [...new Set(of.anyOf.map(valuesOf))].join(', or ')
  if (of.oneOf !== undefined) return 'one of the kinds below'
  if (of.examples !== undefined) return `text: ${of.examples.map(each => `\`${String(each)}\``).join(' ')}`
  switch (of.type) {
    case 'string':
      return of.pattern?.includes('(ms|s|m|h|d|w)') === true ? 'duration' : 'text'
    case 'integer':
      return of.minimum === undefined ? 'whole number' : `${of.minimum} to ${of.maximum ?? ''}`
    case 'boolean':
      return '`true` `false`'
    case 'array':
      if (of.items?.oneOf !== undefined) return 'list of the kinds below'
      return of.items?.properties === undefined ? `list of ${plural(valuesOf(of.items ?? {}))}` : 'list of objects'
    case 'object':
      return 'object'
    default:
      return 'anything'
  }
}

const plural = (kind: string): string => (kind === 'text' ? 'texts' : `${kind}s`)
