/** What zod found, in sentences that say what is wrong, where, and what would be right. */
import type { z } from 'zod'
import type { Problem } from '../errors.ts'
import { placeText, valueAt } from './paths.ts'
import { didYouMean } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** The properties that an object may have, and those that later releases bring. */
export interface Known {
  readonly known: readonly string[]
  readonly later: readonly string[]
}

/** What one kind of document knows at each of its places. */
export interface Vocabulary {
  /** `value` is the object at the path. */
  knownAt(path: readonly PropertyKey[], value: unknown): Known
  /** The choices of the property that tells the kinds of an object apart. */
  choicesAt(path: readonly PropertyKey[]): readonly string[]
}

/** Types of zod, in words. */
export const names: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function kind(value: unknown): string {
  if (value === null) return 'nothing (null)'
  if (Array.isArray(value)) return 'a list'
  return names[typeof value] ?? typeof value
}

const quote = (value: unknown): string => JSON.stringify(typeof value === 'string' && value.length > 60 ? `${value.slice(0, 60)}…` : value)
const list = (words: readonly unknown[]): string => words.map(String).join(', ')

function choice(value: unknown, choices: readonly unknown[]): string {
  if (value === undefined) return `Is required: one of ${list(choices)}`
  const near = typeof value === 'string' ? didYouMean(value, choices.map(String)) : ''
  return `${typeof value === 'string' ? quote(value) : `This is ${kind(value)}, which`} is not one of ${list(choices)}.${near}`
}

function unknownProperty({ known, later }: Known, key: string): string {
  if (later.includes(key)) return `${quote(key)} is not yet available in this version`
  if (key === 'next' && known.includes('condition')) return 'A decision has no "next": it leads on by "true" and "false"'
  if (key === 'next' && known.includes('cases')) return 'A switch has no "next": it leads on by its "cases" and "default"'
  return `Unknown property ${quote(key)}.${didYouMean(key, known)}`
}

function size(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, value: unknown): string {
  const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum
  const at = issue.code === 'too_small' ? 'at least' : 'at most'
  if (Array.isArray(value)) return `Must have ${at} ${bound} entries; it has ${value.length}`
  if (typeof value === 'string') return value === '' ? 'Must not be empty' : `Must have ${at} ${bound} characters; it has ${value.length}`
  return `Must be ${at} ${bound}`
}

function sentence(issue: Issue, value: unknown, { choicesAt }: Vocabulary): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? `Is required: ${names[issue.expected] ?? issue.expected}`
        : `Must be ${names[issue.expected] ?? issue.expected}, not ${kind(value)}`
    case 'invalid_value':
      return choice(value, issue.values)
    case 'too_small':
    case 'too_big':
      return size(issue, value)
    case 'invalid_union':
      if (issue.discriminator === undefined) return value === undefined ? 'Is required' : issue.message
      return choice(value, choicesAt(issue.path))
    default:
      return issue.message
  }
}

/** Problems of one document, in the order of its parts; of very many the first. */
export function problemsOf(error: z.ZodError, input: unknown, max: number, words: Vocabulary): Problem[] {
  return error.issues.slice(0, max).flatMap((issue): Problem[] => {
    const value = valueAt(input, issue.path)
    if (issue.code !== 'unrecognized_keys') return [{ path: placeText(issue.path), message: sentence(issue, value, words) }]
    return issue.keys.slice(0, max).map(key => ({ path: placeText([...issue.path, key]), message: unknownProperty(words.knownAt(issue.path, value), key) }))
  })
}
