/** Values for the variables of a document, as given when it is installed (cycles.md 1). */
import { equal } from './compare.ts'
import type { CycleDocument, Variable } from './document.ts'
import type { Problem } from './errors.ts'
import type { Json } from './json.ts'
import { MASK } from './secrets.ts'

/**
 * The document with the values in it; `seal` makes those of secret variables what is stored. All that is wrong is told at once, by the variable's name:
 * an unknown variable, a value that is none of its options, a secret that is no text.
 */
export function setVariables(
  document: CycleDocument,
  values: { readonly [variable: string]: Json },
  seal: (plain: string) => string,
): { readonly document: CycleDocument; readonly problems: readonly Problem[] } {
  const given = new Map(Object.entries(values))
  const problems: Problem[] = []
  const names = new Set(document.variables?.map(({ name }) => name))
  for (const name of given.keys()) if (!names.has(name)) problems.push({ path: name, message: 'There is no such variable' })
  const variables = document.variables?.map(variable => {
    const value = given.get(variable.name)
    if (value === undefined) return variable
    const set = settled(variable, value, seal)
    if ('value' in set) return { ...variable, value: set.value }
    problems.push({ path: variable.name, message: set.message })
    return variable
  })
  return { document: variables === undefined ? document : { ...document, variables }, problems }
}

/** The value of one variable as it is stored, or what is wrong with it. */
export function settled({ options, secret }: Variable, value: Json, seal: (plain: string) => string): { readonly value: Json } | { readonly message: string } {
  if (value === null || value === '') return { value }
  if (secret === true && value === MASK) return { message: `Must be the secret itself, not ${MASK}` }
  if (secret === true) return typeof value === 'string' ? { value: seal(value) } : { message: 'The value of a secret variable must be text' }
  if (options === undefined) return { value }
  const option = options.find(one => equal(one.value, value))
  return option === undefined ? { message: `Must be one of its options: ${options.map(one => JSON.stringify(one.value)).join(', ')}` } : { value: option.value }
}
