import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stepSchemas } from '../../domain/schema/steps.ts'
import { readExample, readManifest, REMOTE, type ExampleRun } from '../../scripts/steps/examples.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import type { TestCycle, TransactionView } from '../support/client.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
  system.receiver.respond(({ path }) => {
    const [, run = '', ...rest] = path.split('/')
    const answers = remotes.get(run)?.[`/${rest.join('/')}`] ?? []
    return answers[Math.min(system.receiver.at(path).length, answers.length) - 1]
  })
})
afterAll(async () => system?.stop())

const manifest = readManifest()
const examples = [...[...manifest.steps.values()].flatMap(step => step.examples), ...manifest.rules]
const runs = examples.flatMap(({ file, connector, runs: of }) =>
  of.map((run, n) => ({ name: `${file}, run ${n + 1}`, file, connector, run, id: `${file}-${n}` })),
)
const remotes = new Map(runs.map(({ id, run }) => [id, run.remote]))

/** Sends what the example sends, and compares the answers; the transaction that was made. */
async function send(cycle: TestCycle, run: ExampleRun): Promise<string | undefined> {
  const made: (string | undefined)[] = []
  for (const { step, headers, query, body, answer } of run.requests) {
    const reply = await cycle.post(body, { ...(step && { step }), ...(headers && { headers }), ...(query && { query }) })
    expect(reply.status).toBe(answer.status)
    if (answer.body !== undefined) expect(bodyOf(reply)).toEqual(answer.body)
    made.push(reply.transaction)
  }
  return made[0]
}

function bodyOf({ headers, body }: Awaited<ReturnType<TestCycle['post']>>): unknown {
  return String(headers['content-type']).startsWith('application/json') ? JSON.parse(body) : body
}

/** The only transaction of a cycle that runs by itself. */
const only = (cycle: TestCycle): Promise<string> => until(async () => (await cycle.transactions())[0]?.Id, { what: 'a transaction' })

const outcome = ({ Status, Steps = [], Incidents = [] }: TransactionView) => ({
  status: Status,
  steps: Object.fromEntries(Steps.map(({ StepId, Data }) => [StepId, Data])),
  incidents: Incidents.map(({ IncidentLevel, Message }) => `${IncidentLevel} ${Message}`).reverse(),
})

describe.concurrent('the step reference (docs/steps.md)', () => {
  it('has each type of step, and each document is in the manifest', () => {
    expect([...manifest.steps.keys()].sort()).toEqual(Object.keys(stepSchemas).sort())
    const connectors = examples.flatMap(({ connector = [] }) => connector)
    const files = readdirSync(resolve(import.meta.dirname, '../../docs/steps')).filter(file => file !== 'examples.yaml')
    expect([...new Set([...examples.map(({ file }) => file), ...connectors, 'conditions.yaml'])].sort()).toEqual(files.sort())
  })

  it.each(runs)('$name: comes out as the page says', async ({ file, connector, run, id }) => {
    const account = await system.client.account()
    // Names of connectors are unique: each run has its own.
    const own = (text: string): string => text.replaceAll(REMOTE, `${system.receiver.url}/${id}`).replaceAll('Example Shop', `Example Shop ${id}`)
    if (connector !== undefined) {
      const made = await system.client.call<{ Id: string }>('POST', '/connectors', { yaml: own(readExample(connector)) })
      await system.client.call('POST', '/account/connectors', { account, body: { ConnectorId: made.Id, AuthValue: 'a-token-of-the-shop' } })
    }
    const cycle = await system.client.cycle(own(readExample(file)), { account })
    const { requests, status, steps, incidents, received, cycle: cycleStatus } = run
    const transaction = requests.length === 0 ? await only(cycle) : await send(cycle, run)
    if (status === undefined) {
      expect(transaction).toBeUndefined()
      expect(await cycle.transactions()).toEqual([])
      return
    }
    let found: ReturnType<typeof outcome> | undefined
    const wanted = { status, incidents }
    // A transaction that waits does so before its last request is taken as well.
    await until(
      async () => {
        found = outcome(await cycle.transaction(transaction ?? ''))
        expect(found).toMatchObject({ ...wanted, steps })
        return true
      },
      { everyMs: 100, timeoutMs: 120_000, what: `${id} being as the page says` },
    ).catch(() => expect(found).toMatchObject({ ...wanted, steps }))
    for (const [path, bodies] of Object.entries(received)) {
      const seen = system.receiver.at(`/${id}${path}`).map(({ json }) => json)
      expect(seen).toHaveLength(bodies.length)
      expect(seen).toEqual(expect.arrayContaining(bodies))
    }
    if (cycleStatus !== undefined) await until(async () => (await cycle.view()).Status === cycleStatus, { what: `the cycle being ${cycleStatus}` })
  })

  it('a condition holds, or does not, as the table says', async () => {
    const cycle = await system.client.cycle(readExample('conditions.yaml'))
    // As a sender does, again where it is told that nobody can answer now.
    const ask = async ({ body }: { readonly body: object }) => {
      const key = randomUUID()
      const reply = await until(async () => {
        const answer = await cycle.post(body, { key })
        return answer.status !== 503 && answer
      })
      return { body, holds: bodyOf(reply) }
    }
    const table = manifest.conditions.flatMap(({ left, name, right, holds }) => {
      const row = { condition: name, left, right }
      const { left: a, right: b, ...rest } = row
      // Nothing is both null and not there at all.
      const bare = { ...rest, ...(a !== null && { left: a }), ...(b !== null && { right: b }) }
      return a === null || b === null
        ? [
            { body: row, holds },
            { body: bare, holds },
          ]
        : [{ body: row, holds }]
    })
    const answered: object[] = []
    for (let i = 0; i < table.length; i += 8) answered.push(...(await Promise.all(table.slice(i, i + 8).map(ask))))
    expect(answered).toEqual(table)
  })
})
