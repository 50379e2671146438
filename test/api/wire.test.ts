import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fromWire, toWire } from '../../api/wire.ts'

const schema = z.object({
  id: z.string(),
  createdOnUtc: z.number().nullable().optional(),
  parts: z.array(z.object({ stepId: z.string(), data: z.unknown() })).default([]),
})

const value = fc.record(
  {
    id: fc.string(),
    createdOnUtc: fc.option(fc.integer()),
    parts: fc.array(fc.record({ stepId: fc.string(), data: fc.jsonValue({ noUnicodeString: false }).map(json => JSON.parse(JSON.stringify(json))) })),
  },
  { requiredKeys: ['id'] },
)

describe('the border of names', () => {
  it('writes PascalCase, and reads back what it wrote', () => {
    expect(toWire(schema, { id: 'x', createdOnUtc: null, parts: [{ stepId: 'a', data: { camelCase: 1 } }] })).toEqual({
      Id: 'x',
      CreatedOnUtc: null,
      Parts: [{ StepId: 'a', Data: { camelCase: 1 } }],
    })
    fc.assert(
      fc.property(value, one => {
        expect(fromWire(schema, toWire(schema, one))).toEqual(one)
      }),
    )
  })

  it('reads names in any case, and what is free exactly as it is', () => {
    const flip = (name: string): string => [...name].map((char, at) => (at % 2 === 0 ? char.toUpperCase() : char.toLowerCase())).join('')
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(
          flip,
          (name: string) => name.toUpperCase(),
          (name: string) => name.toLowerCase(),
        ),
        (one, write) => {
          const sent = Object.fromEntries(
            Object.entries(one).map(([name, child]) => [
              write(name),
              Array.isArray(child) ? child.map(({ stepId, data }) => ({ [write('stepId')]: stepId, [write('data')]: data })) : child,
            ]),
          )
          expect(fromWire(schema, sent)).toEqual(one)
        },
      ),
    )
  })

  it('takes the name as documented where two differ in case only, and lets unknown ones go', () => {
    expect(fromWire(schema, { ID: 'no', Id: 'yes', id: 'no', More: 1 })).toEqual({ id: 'yes' })
  })

  it('never writes what the schema does not have', () => {
    expect(toWire(schema, { id: 'x', secret: 'y' })).toEqual({ Id: 'x' })
  })
})
