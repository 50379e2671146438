import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { inWords } from '../../api/problems.ts'

const schema = z.object({
  name: z.string().min(1).max(3),
  size: z.int().max(9),
  kind: z.enum(['a', 'b']),
  list: z.array(z.boolean()).max(1),
  own: z.string('must be mine'),
})
const told = (input: unknown): string[] =>
  (schema.safeParse(input, { error: inWords }).error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`)

describe('what is wrong with a request (api.md)', () => {
  it('is told in words, and by the schema where it has some', () => {
    expect(told({})).toEqual(['name is needed', 'size is needed', 'kind must be one of a, b', 'list is needed', 'own must be mine'])
    expect(told({ name: 1, size: '1', kind: 'c', list: [1], own: 1 })).toEqual([
      'name must be text',
      'size must be a number',
      'kind must be one of a, b',
      'list.0 must be true or false',
      'own must be mine',
    ])
    expect(told({ name: '', size: 10, kind: 'a', list: [true, true], own: '' })).toEqual([
      'name must not be empty',
      'size must be at most 9',
      'list must have at most 1 entries',
    ])
    expect(told({ name: 'abcd', size: 1.5, kind: 'b', list: [], own: '' })).toEqual(['name must have at most 3 characters', 'size must be a whole number'])
  })
})
