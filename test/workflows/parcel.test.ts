import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asRequestId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { LARGE_BYTES, type Carried, type ResponseResult, type TransactionInput } from '../../workflows/messages.ts'
import { pack, unpack } from '../../workflows/parcel.ts'
import { documentOf, inputOf, webhookData } from './interpreter/memory.ts'

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** Sizes of values around that from which one is stored, far below it, and far above. */
const size = fc.oneof(fc.nat(5), fc.integer({ min: LARGE_BYTES - 100, max: LARGE_BYTES + 100 }), fc.constant(5 * LARGE_BYTES))
const valueOf = (bytes: number): Json => (bytes % 2 === 0 ? 'x'.repeat(bytes) : Array.from({ length: bytes / 2 }, () => 1))

const recipe = fc.record({
  body: size,
  description: size,
  continued: fc.boolean(),
  data: fc.dictionary(fc.constantFrom('b', 'a', 'constructor', '1'), size, { noNullPrototype: true }),
  responses: fc.array(fc.record({ body: size, none: fc.boolean() }), { maxLength: 4 }),
  queue: fc.array(size, { maxLength: 3 }),
})

function made({ body, description, continued, data, responses, queue }: typeof recipe extends fc.Arbitrary<infer R> ? R : never): TransactionInput {
  const document = documentOf([{ id: 'order', type: 'webhook' }], { description: 'x'.repeat(description) })
  const input = inputOf(document, valueOf(body))
  if (!continued) return input
  const answers = responses.map((answer, n): [string, ResponseResult] => [
    `r${n}`,
    answer.none ? { kind: 'none' } : { kind: 'response', status: 200, headers: {}, body: 'x'.repeat(answer.body) },
  ])
  const carried: Carried = {
    status: 'Waiting',
    data: Object.fromEntries(Object.entries(data).map(([step, bytes]) => [step, valueOf(bytes)])),
    executions: 3,
    reached: ['w'],
    registered: {},
    records: {},
    incidents: [],
    reported: 0,
    responses: Object.fromEntries(answers),
    queue: queue.map((bytes, n) => ({ stepId: 'w', deliveryId: n, requestId: asRequestId('r'), data: webhookData(valueOf(bytes)) })),
    seen: {},
    asked: 0,
    runs: 1,
    consumed: {},
  }
  return { ...input, carried }
}

describe("a transaction's input as arguments", () => {
  it('is the same again, with answers in their order', () => {
    fc.assert(
      fc.property(recipe, given => {
        const input = made(given)
        const [packed, ...parts] = pack(input)
        const again = unpack(packed, parts)
        expect(again).toEqual(input)
        expect(Object.keys(again.carried?.responses ?? {})).toEqual(Object.keys(input.carried?.responses ?? {}))
      }),
    )
  })

  it('holds alone what is large, and only that', () => {
    fc.assert(
      fc.property(recipe, given => {
        const [packed, ...parts] = pack(made(given))
        for (const part of parts) expect(bytesOf(part)).toBeGreaterThanOrEqual(LARGE_BYTES)
        const { snapshot, trigger, carried } = packed
        const left = [
          snapshot,
          trigger.data,
          ...Object.values(carried?.data ?? {}),
          ...Object.values(carried?.responses ?? {}),
          ...(carried?.queue ?? []).map(({ data }) => data),
        ]
        for (const value of left) if (value !== undefined) expect(bytesOf(value)).toBeLessThan(LARGE_BYTES)
      }),
    )
  })
})
