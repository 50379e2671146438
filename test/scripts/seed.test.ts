import { beforeEach, describe, expect, it } from 'vitest'
import { ApiRefusal, type ApiClient } from '../../scripts/start/api-client.ts'
import type { Example } from '../../scripts/start/examples.ts'
import { seed, seedWherePossible } from '../../scripts/start/seed.ts'
import { welcome } from '../../scripts/start/welcome.ts'

const example = (folder: string, variables: Example['variables'] = {}): Example => ({
  folder,
  name: `Name of ${folder}`,
  description: 'What it shows.',
  document: { name: `Name of ${folder}`, variables: Object.keys(variables).map(name => ({ name })) },
  variables,
  requests: [{ title: 'a request', step: 'in', method: 'POST', headers: {}, query: {}, body: { a: 1 } }],
})
const examples = [example('one'), example('two', { target: { example: 'one', step: 'in' } })]

interface Cycle {
  readonly Id: string
  readonly Name: string
  readonly Definition: unknown
  readonly Webhooks: readonly { readonly StepId: string; readonly Url: string }[]
}

/** Answers the calls of the seed from memory; the nth call that writes may be made to fail. */
class Registry implements ApiClient {
  readonly accounts = new Map<string, { Id: string; Description: string }>()
  readonly cycles: Cycle[] = []
  readonly activated = new Set<string>()
  failAtWrite = Infinity
  #writes = 0

  async call(method: string, path: string, options: { readonly json?: unknown } = {}): Promise<unknown> {
    if (method !== 'GET' && ++this.#writes === this.failAtWrite) throw new Error('killed')
    const [, noun = '', id = ''] = path.split(/[/?]/)
    const json: { Id?: string; Description?: string; Definition?: { name: string } } = Object(options.json)
    if (noun === 'accounts') {
      if (method === 'GET') return id.startsWith('page') ? [...this.accounts.values()] : this.accounts.get(id)
      const account = { Id: json.Id ?? id, Description: json.Description ?? '' }
      this.accounts.set(account.Id, account)
      return account
    }
    if (method === 'GET') return this.cycles
    if (method === 'PUT') return this.activated.add(id)
    const cycle = {
      Id: `c${this.cycles.length}`,
      Name: json.Definition?.name ?? '',
      Definition: json.Definition,
      Webhooks: [{ StepId: 'in', Url: `http://localhost:3000/api/webhook/w${this.cycles.length}` }],
    }
    this.cycles.push(cycle)
    return cycle
  }
}

describe('the first start (operations.md 1)', () => {
  let registry: Registry
  beforeEach(() => {
    registry = new Registry()
  })
  const seeded = () => seed(registry, examples, 'http://api:3000')

  it('runs without the examples where the registry was lost, and says why (operations.md 3)', async () => {
    const lost: ApiClient = {
      call: async () => {
        throw new ApiRefusal(503, 'Redis was emptied: import the last export')
      },
    }
    const answer = await seedWherePossible(lost, examples, 'http://api:3000')
    expect(answer).toEqual({ examples: [], notice: 'Redis was emptied: import the last export' })
    expect(welcome({ publicUrl: 'http://a', temporalUrl: 'http://t', clientId: 'c', clientSecret: 's', footer: [], ...answer })).toContain(
      'Something is wrong: Redis was emptied: import the last export',
    )
    registry.failAtWrite = 1
    await expect(seedWherePossible(registry, examples, 'http://api:3000')).rejects.toThrow('killed')
  })

  it('makes the account demo with all examples, running, and a line for each request', async () => {
    const result = await seeded()
    expect(registry.accounts.get('demo')).toBeDefined()
    expect(registry.cycles.map(cycle => cycle.Name)).toEqual(['Name of one', 'Name of two'])
    expect(registry.activated).toEqual(new Set(['c0', 'c1']))
    expect(result[0]?.lines[0]?.curl).toBe(`curl -sS -i http://localhost:3000/api/webhook/w0 -H 'Content-Type: application/json' -d '{"a":1}'`)
  })

  it('gives an example the address of another one as a worker reaches it', async () => {
    await seeded()
    expect(registry.cycles[1]?.Definition).toMatchObject({ variables: [{ name: 'target', value: 'http://api:3000/api/webhook/w0' }] })
  })

  it('happens once: a later start only prints the lines again', async () => {
    const first = await seeded()
    registry.failAtWrite = 0
    const before = structuredClone(registry.cycles)
    expect(await seeded()).toEqual(first)
    expect(registry.cycles).toEqual(before)
  })

  it.each([1, 2, 3, 4, 5, 6])('is finished by the next start where it was cut off at its write %i', async n => {
    registry.failAtWrite = n
    await expect(seeded()).rejects.toThrow('killed')
    await seeded()
    expect(registry.cycles.map(cycle => cycle.Name)).toEqual(['Name of one', 'Name of two'])
    expect(registry.activated).toEqual(new Set(['c0', 'c1']))
  })

  it('does nothing to a registry that has accounts, and prints no lines of another', async () => {
    registry.accounts.set('customer', { Id: 'customer', Description: '' })
    expect(await seeded()).toEqual([])
    expect(registry.accounts.size).toBe(1)
  })

  it('does not make again an example that was deleted', async () => {
    await seeded()
    registry.cycles.shift()
    expect((await seeded()).map(each => each.name)).toEqual(['Name of two'])
  })

  it('ends in a list with the addresses, the credentials and the lines', async () => {
    const text = welcome({
      publicUrl: 'http://localhost:3000',
      temporalUrl: 'http://localhost:8233',
      clientId: 'id',
      clientSecret: 'secret',
      examples: await seeded(),
      footer: ['bye'],
    })
    for (const part of ['http://localhost:3000\n', 'http://localhost:8233\n', 'secret', '\ncurl -sS -i http://localhost:3000/api/webhook/w0', 'bye'])
      expect(text).toContain(part)
  })
})
