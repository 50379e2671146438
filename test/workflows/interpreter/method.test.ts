import { describe, expect, it } from 'vitest'
import type { CycleDocument, Step } from '../../../domain/document.ts'
import { StepError } from '../../../domain/errors.ts'
import { secretReference } from '../../../domain/secrets.ts'
import type { Json } from '../../../domain/json.ts'
import { createMemory, documentOf, inputOf, type World } from './memory.ts'

const trigger: Step = { id: 'order', type: 'webhook', next: 'ask' }
const ask = (more: object = {}): Step => ({ id: 'ask', type: 'method', connector: 'Shop', method: 'get', ...more })
const tell: Step = { id: 'tell', type: 'request', method: 'POST', url: 'http://test/', body: '{{ask}}' }

function memoryOf(steps: readonly Step[], world: World, body: Json = {}, more: Partial<CycleDocument> = {}) {
  return createMemory(inputOf(documentOf(steps, more), body), world)
}
const told = ({ incidents }: ReturnType<typeof createMemory>): string[] => incidents.map(({ level, message }) => `${level} ${message}`)

describe('a method step (connectors.md 3)', () => {
  it('fills parameters and fields in; its data is status, headers and body', async () => {
    const world: World = { method: () => ({ status: 201, headers: { a: 'b' }, body: [1] }) }
    const step = ask({ parameters: { id: '{{order.body.id}}', none: '{{order.body.none}}' }, fields: { n: '{{order.body.id}}' }, timeout: '5s', next: 'tell' })
    const memory = memoryOf([trigger, step, tell], world, { id: 7 })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('method')[0]?.request).toEqual({ connector: 'Shop', method: 'get', parameters: { id: 7 }, fields: { n: 7 }, timeoutMs: 5_000 })
    expect(memory.of('http')[0]?.request.body).toEqual({ status: 201, headers: { a: 'b' }, body: [1] })
  })

  it('a secret variable in it stays a reference', async () => {
    const variables = [{ name: 'key', secret: true, value: 'sealed' }]
    const memory = memoryOf([trigger, ask({ parameters: { key: 'k {{variables.key}}' } })], {}, {}, { variables })
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('method')[0]?.request.parameters).toEqual({ key: `k ${secretReference('key')}` })
  })

  it('its errors follow its rule, each try with the same execution', async () => {
    let left = 2
    const world: World = {
      method: () => {
        if (left-- > 0) throw new StepError('callFailed', 'answered 500', { status: 500 })
        return { status: 200, headers: {}, body: null }
      },
    }
    const memory = memoryOf([trigger, ask({ onError: 'retry', retryDelays: ['1m'] })], world)
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('method').map(({ execution, failed, at }) => [execution, failed, at / 60_000])).toEqual([
      [1, 0, 0],
      [1, 1, 1],
      [1, 2, 2],
    ])
    expect(told(memory)).toEqual(['Warning Failed to call the method', 'Warning Failed to call the method'])
  })

  it('a connector that is not authenticated is a step error that can be ignored', async () => {
    const world: World = {
      method: () => {
        throw new StepError('notAuthenticated', 'it was refused')
      },
    }
    const memory = memoryOf([trigger, ask({ onError: 'ignore', next: 'tell' }), tell], world)
    expect(await memory.run()).toBe('Completed')
    expect(told(memory)).toEqual(['Error Failed to authenticate the connector'])
    expect(memory.of('http')[0]?.request.body).toEqual({ error: { message: 'Failed to authenticate the connector' } })
  })

  it('a list that was cut, and an error that its script made a warning, are warnings', async () => {
    const world: World = { method: () => ({ status: 200, headers: {}, body: [], warning: 'answered 404', cut: 'The list was cut' }) }
    const memory = memoryOf([trigger, ask()], world)
    expect(await memory.run()).toBe('Completed')
    expect(told(memory)).toEqual(['Warning Failed to call the method', 'Warning Response data not in expected format'])
  })

  it('its list is split', async () => {
    const world: World = { method: () => ({ status: 200, headers: {}, body: [1, 2, 3] }) }
    const memory = memoryOf([trigger, ask({ split: 'body', next: 'tell' }), tell], world)
    expect(await memory.run()).toBe('Completed')
    expect(memory.of('startItem').map(({ item }) => item.value)).toEqual([1, 2, 3])
  })
})
