/** What zod finds wrong with a request, in words for whoever sent it; a schema's own message goes before. */
import type { z } from 'zod'
import { names } from '../domain/schema/issues.ts'

const UNITS: { readonly [origin: string]: string } = { string: ' characters', array: ' entries' }

const bound = (origin: string, at: string, limit: number | bigint): string =>
  UNITS[origin] === undefined ? `must be ${at} ${limit}` : `must have ${at} ${limit}${UNITS[origin]}`

export const inWords: z.core.$ZodErrorMap = issue => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is needed' : `must be ${names[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.input === '' ? 'must not be empty' : bound(issue.origin, 'at least', issue.minimum)
    case 'too_big':
      return bound(issue.origin, 'at most', issue.maximum)
    default:
      return undefined
  }
}
