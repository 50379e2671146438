/** Values that an installation gives to variables of a package's templates, by `{templateId}.{variable}` (api.md). */
import type { CycleDocument, Variable } from './document.ts'
import type { Problem } from './errors.ts'
import type { Json } from './json.ts'
import { didYouMean } from './schema/suggest.ts'
import { settled } from './set-variables.ts'
import { jsonSize } from './size.ts'

/** A template of the package, with the document of its live release; undefined where there is none. */
export interface PackageTemplate {
  readonly id: string
  readonly document: CycleDocument | undefined
}

export interface ReadVariables {
  /** By `{templateId}.{variable}`, secret ones sealed. */
  readonly values: { readonly [name: string]: Json }
  readonly problems: readonly Problem[]
}

/** Most bytes of all values together, as JSON: as of a document (cycles.md 1). */
const MAX_BYTES = 256 * 1024

/** Values as they are kept, or everything that is wrong with them: names, templates, variables that users do not set, values that are no option. */
export function readVariables(given: { readonly [name: string]: Json }, templates: readonly PackageTemplate[], seal: (plain: string) => string): ReadVariables {
  if (jsonSize(given, MAX_BYTES) > MAX_BYTES)
    return { values: {}, problems: [{ path: 'Variables', message: 'has more than 256 KiB, or is nested too deeply' }] }
  const values = new Map<string, Json>()
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(given)) {
    const found = variableOf(key, templates)
    const set = 'message' in found ? found : values.has(found.name) ? { message: 'is given twice' } : settled(found.variable, value, seal)
    if ('message' in set) problems.push({ path: `Variables[${JSON.stringify(key.slice(0, 200))}]`, message: set.message })
    else if ('name' in found) values.set(found.name, set.value)
  }
  return { values: Object.fromEntries(values), problems }
}

function variableOf(key: string, templates: readonly PackageTemplate[]): { readonly name: string; readonly variable: Variable } | { readonly message: string } {
  const [, id, name] = /^([^.]+)\.(.+)$/s.exec(key) ?? []
  if (id === undefined || name === undefined) return { message: 'is no variable: write "{templateId}.{variable}"' }
  const template = templates.find(one => one.id === id.toLowerCase())
  if (template === undefined) return { message: `is of no template of this package: those are ${templates.map(one => one.id).join(', ')}` }
  if (template.document === undefined) return { message: 'is of a template that has no live release' }
  const { variables = [] } = template.document
  const variable = variables.find(one => one.name === name)
  const known = variables.flatMap(one => (one.userConfigurable === true ? [one.name] : []))
  if (variable === undefined)
    return { message: `is unknown: the template "${template.document.name}" has no variable of that name.${didYouMean(name, known)}`.trim() }
  if (variable.userConfigurable !== true) return { message: 'is not user-configurable: its value is set in the template' }
  return { name: `${template.id}.${variable.name}`, variable }
}

/** The document with the values that were given for it. */
export function filled(document: CycleDocument, templateId: string, values: ReadVariables['values']): CycleDocument {
  if (document.variables === undefined) return document
  const given = new Map(Object.entries(values))
  const variables = document.variables.map(variable => {
    const value = given.get(`${templateId}.${variable.name}`)
    return value === undefined ? variable : { ...variable, value }
  })
  return { ...document, variables }
}
