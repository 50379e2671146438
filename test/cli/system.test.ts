import { spawn } from 'node:child_process'

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { flywheel, folder, steady, type RunOptions } from './harness.ts'

const ROOT = resolve(import.meta.dirname, '../..')

let system: TestSystem
let account: string
beforeAll(async () => {
  system = await startSystem()
})
beforeEach(async () => {
  account = await system.client.account()
})
afterAll(() => system.stop())

const env = () => ({ FLYWHEEL_URL: system.apiUrl, CLIENT_ID: 'test', CLIENT_SECRET: system.clientSecret, FLYWHEEL_ACCOUNT: account })
const command = (args: readonly string[], options: RunOptions = {}) => flywheel(args, { env: env(), ...options })
const json = async <T>(...args: readonly string[]): Promise<T> => {
  const { code, out, err } = await command([...args, '--json'])
  expect([code, err]).toEqual([0, ''])
  const parsed: T = JSON.parse(out)
  return parsed
}

const orders = (body: string) => `name: Orders
steps:
  - { id: order, name: Order received, type: webhook, next: answer }
  - { id: answer, type: synchronousResponse, body: ${body} }
`
/** Its request fails as long as the receiver says so. */
const calls = () => `name: Calls
steps:
  - { id: order, type: webhook, next: call }
  - { id: call, type: request, method: GET, url: "${system.receiver.url}/called" }
`
const waiting = `name: Parcels
steps:
  - { id: order, type: webhook, next: despatched }
  - { id: despatched, type: webhook, match: { request: body.order, transaction: order.body.id } }
`

describe('flywheel apply', () => {
  it('creates a cycle, leaves one that is so already, updates one that stands still, and starts', async () => {
    const cwd = folder({ 'orders.yaml': orders('1'), 'parcels.json': JSON.stringify({ name: 'P', steps: [{ id: 'a', type: 'webhook' }] }) })
    const apply = async (...args: readonly string[]) => {
      const { code, out } = await command(['apply', '-f', 'orders.yaml', ...args], { cwd })
      return [code, steady(out).split('\n')[1]]
    }
    expect(await apply()).toEqual([0, 'created  Orders  Paused  <id>  orders.yaml'])
    expect(await apply()).toEqual([0, 'unchanged  Orders  Paused  <id>  orders.yaml'])
    writeFileSync(join(cwd, 'orders.yaml'), orders('2'))
    expect(await apply()).toEqual([0, 'updated  Orders  Paused  <id>  orders.yaml'])
    expect(await apply('--start')).toEqual([0, 'unchanged  Orders  Active  <id>  orders.yaml'])
  })

  it('changes one that runs with --restart only, and says so', async () => {
    const cwd = folder({ 'orders.yaml': orders('1') })
    await command(['apply', '-f', 'orders.yaml', '--start'], { cwd })
    writeFileSync(join(cwd, 'orders.yaml'), orders('2'))
    const refused = await command(['apply', '-f', 'orders.yaml'], { cwd })
    expect(refused.code).toBe(1)
    expect(refused.out).toContain('Orders: It is Active: --restart stops it, changes it and starts it again.')
    const { code, out } = await command(['apply', '-f', 'orders.yaml', '--finish', '1m'], { cwd })
    expect([code, steady(out).split('\n')[1]]).toEqual([0, 'updated  Orders  Active  <id>  orders.yaml'])
  })

  it('starts one again that could not be changed', async () => {
    const cwd = folder({ 'orders.yaml': orders('1') })
    await command(['apply', '-f', 'orders.yaml', '--start'], { cwd })
    const variable = 'variables:\n  - { name: key, secret: true, value: "********" }\n'
    writeFileSync(join(cwd, 'orders.yaml'), orders('2').replace('steps:', `${variable}steps:`))
    const { code, out } = await command(['apply', '-f', 'orders.yaml', '--restart'], { cwd })
    expect(code).toBe(4)
    expect(out).toContain('  orders.yaml:3:32: variables[0].value: ')
    expect((await json<{ Status: string }>('cycles', 'show', 'Orders')).Status).toBe('Active')
  })

  it('tells that secrets cannot be compared, and writes them where it may', async () => {
    const cwd = folder({ 'orders.yaml': orders('1').replace('steps:', 'variables:\n  - { name: key, secret: true, value: s3cret }\nsteps:') })
    const results = async (...args: readonly string[]) => {
      const { out } = await command(['apply', '-f', 'orders.yaml', '--json', ...args], { cwd })
      const list: { Result: string; Note?: string }[] = JSON.parse(out)
      return list.map(({ Result, Note }) => [Result, Note !== undefined])
    }
    expect(await results()).toEqual([['created', false]])
    expect(await results('--start')).toEqual([['updated', false]])
    expect(await results()).toEqual([['unchanged', true]])
    expect(await results('--restart')).toEqual([['updated', false]])
  })

  it('tells what keeps a cycle from being started', async () => {
    const cwd = folder({ 'orders.yaml': orders('1').replace('steps:', 'variables:\n  - { name: url, userConfigurable: true }\nsteps:') })
    const { code, out } = await command(['apply', '-f', 'orders.yaml', '--start'], { cwd })
    expect(code).toBe(1)
    expect(out).toContain('Orders: It was not started: The cycle cannot be activated yet.\n  variables[0].value: The variable "url" needs a value.')
  })

  it('applies nothing where a document is not valid, or two have one name', async () => {
    const cwd = folder({ 'a.yaml': orders('1'), 'b.yaml': 'name: B\nsteps: []\n', 'c/a.yaml': orders('2') })
    const invalid = await command(['apply', '-f', 'a.yaml', 'b.yaml'], { cwd })
    expect([invalid.code, invalid.err]).toEqual([4, expect.stringContaining('  b.yaml:2:1: steps: Must have at least 2 entries; it has 0')])
    const twice = await command(['apply', '-f', 'a.yaml', '-f', 'c'], { cwd })
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('a.yaml and c/a.yaml have the same name, "Orders"')])
    expect((await command(['cycles', 'list'])).out).toBe('There are no cycles in this account.\n')
  })

  it('takes the examples as they are, and passes over what is no cycle', async () => {
    const { code, out, err } = await command(['apply', '-f', 'examples'], { cwd: ROOT })
    expect(code).toBe(0)
    const cycles = readdirSync(join(ROOT, 'examples')).filter(name => existsSync(join(ROOT, 'examples', name, 'cycle.yaml')))
    for (const name of cycles) expect(out).toMatch(new RegExp(`^created .*${name}/cycle\\.yaml`, 'm'))
    expect(err).toContain('examples.yaml: passed over')
  })
})

describe('flywheel cycles', () => {
  it('lists, shows, starts, stops and deletes, by name or GUID', async () => {
    const { id } = await system.client.cycle(orders('1'), { account, activate: false })
    expect(steady((await command(['cycles', 'list'])).out)).toMatchInlineSnapshot(`
      "NAME    STATE   IN PROGRESS  QUEUED  WAITING  ERRORS  WARNINGS  ID
      Orders  Paused  0            0       0        0       0         <id>
      "
    `)
    expect(steady((await command(['cycles', 'show', id])).out).replaceAll(/http\S+/g, '<url>')).toMatchInlineSnapshot(`
      "Name:          Orders
      State:         Paused
      Created:       <time>
      Transactions:  0 in progress, 0 queued, 0 waiting
      Incidents:     0 errors, 0 warnings
      Id:            <id>

      STEP   NAME            WEBHOOK
      order  Order received  <url>
      "
    `)
    expect((await command(['cycles', 'start', 'Orders'])).out).toBe('Orders is Active.\n')
    expect((await command(['cycles', 'stop', 'Orders', '--finish'])).out).toMatch(/^Orders is Stopp(ing|ed)\.\n$/)
    expect((await command(['cycles', 'stop', id])).out).toBe('Orders is Stopped.\n')
    expect(await json('cycles', 'delete', 'Orders')).toEqual({ Id: id, Deleted: true })
    expect(await command(['cycles', 'show', id])).toEqual({ code: 1, out: '', err: 'There is no such cycle in this account.\n' })
  })

  it('says which cycles there are of a name, and which name is near', async () => {
    await system.client.cycle(orders('1'), { account, activate: false })
    expect((await command(['cycles', 'start', 'Order'])).err).toBe('There is no cycle "Order" in this account. Did you mean "Orders"?\n')
    await system.client.cycle(orders('2'), { account, activate: false })
    const { code, err } = await command(['cycles', 'start', 'Orders'])
    expect([code, steady(err)]).toEqual([1, '2 cycles have the name "Orders": give the GUID of one, <id>, <id>.\n'])
  })
})

describe('flywheel transactions and incidents', () => {
  it('lists them, and shows one with its steps', async () => {
    const cycle = await system.client.cycle(orders('1'), { account })
    const { transaction = '' } = await cycle.post({ id: 1 })
    await cycle.settled(transaction, ['Completed'])
    const { out } = await command(['transactions', 'list', 'Orders'])
    expect(steady(out).replaceAll(/\d+ ms|\d+\.\d s/g, '<took>')).toMatch(
      /^ACCEPTED +STATUS +TOOK +ERRORS +WARNINGS +ID\n<time> +Completed +<took> +0 +0 +<id>\n$/,
    )
    expect(await json('transactions', 'list', cycle.id, '--status', 'Errored')).toEqual([])
    const shown = await command(['transactions', 'show', 'Orders', transaction])
    expect(shown.out).toMatch(/^Transaction: +[0-9a-f-]{36}\nStatus: +Completed\n/)
    expect(shown.out).toMatch(/\norder +Order received +Completed +/)
    expect(await json('transactions', 'show', 'Orders', transaction)).toEqual(await cycle.transaction(transaction))
  })

  it('stops one that waits', async () => {
    const cycle = await system.client.cycle(waiting, { account })
    const { transaction = '' } = await cycle.post({ id: 7 })
    await cycle.settled(transaction, ['Waiting'])
    expect((await command(['transactions', 'stop', 'Parcels', transaction])).code).toBe(0)
    await cycle.settled(transaction, ['Stopped'])
    const unknown = await command(['transactions', 'stop', 'Parcels', cycle.id])
    expect([unknown.code, unknown.err]).toEqual([1, 'There is no such transaction in this cycle.\n'])
  })

  it('tells the incidents of a cycle, and those of a transaction', async () => {
    const cycle = await system.client.cycle(calls(), { account })
    system.receiver.respond(() => ({ status: 500 }))
    const { transaction = '' } = await cycle.post({})
    await cycle.settled(transaction, ['Errored'])
    const { out } = await command(['incidents', 'list', 'Calls'])
    expect(steady(out)).toMatch(/^TIME +LEVEL +STEP +TRANSACTION +MESSAGE\n<time> +Error +call +<id> +Failed to call the method: /)
    expect((await command(['transactions', 'show', 'Calls', transaction])).out).toMatch(/ Error +call +Failed to call the method: /)
    expect(await json('incidents', 'list', 'Calls', '--limit', '1')).toHaveLength(1)
  })

  it('mends those that failed: tries the step again, goes on behind it, or gives it up', async () => {
    const cycle = await system.client.cycle(calls(), { account })
    const failed = async (): Promise<string> => {
      system.receiver.respond(() => ({ status: 500 }))
      const { transaction = '' } = await cycle.post({})
      await cycle.settled(transaction, ['Errored'])
      system.receiver.respond(() => undefined)
      return transaction
    }
    const retried = await failed()
    expect((await command(['transactions', 'retry', 'Calls', retried, '--step', 'call'])).out).toBe(`${retried}: the step is tried again.\n`)
    await cycle.settled(retried, ['Completed'])
    expect(await command(['transactions', 'retry', 'Calls', retried])).toMatchObject({
      code: 1,
      err: expect.stringContaining('No step of the transaction has failed'),
    })
    const skipped = await failed()
    expect((await command(['transactions', 'skip', 'Calls', skipped])).code).toBe(0)
    const { Steps = [] } = await cycle.settled(skipped, ['Completed'])
    expect(Steps.map(({ StepId, Status }) => [StepId, Status])).toContainEqual(['call', 'Skipped'])
    const given = await failed()
    const unknown = await command(['transactions', 'fail', 'Calls', given, '--step', 'cal'])
    expect(unknown).toEqual({ code: 1, out: '', err: 'The request is not right.\n  StepId: There is no step "cal"\n' })
    await cycle.deactivate()
    expect(await command(['transactions', 'retry', 'Calls', given])).toMatchObject({ code: 1, err: 'The cycle is Stopped: activate it first.\n' })
    expect((await command(['transactions', 'fail', 'Calls', given])).code).toBe(0)
    await until(async () => (await command(['transactions', 'fail', 'Calls', given])).code === 1)
    expect((await cycle.transaction(given)).Status).toBe('Errored')
  })

  it('lets a step that waits for its next try wait no longer', async () => {
    system.receiver.respond(() => ({ status: 500 }))
    const patient = calls().replace('steps:', 'settings: { onStepError: retry, retryDelays: [1h] }\nsteps:')
    const cycle = await system.client.cycle(patient, { account })
    const { transaction = '' } = await cycle.post({})
    await until(async () => (await command(['transactions', 'show', 'Calls', transaction])).out.includes('Retrying'))
    system.receiver.respond(() => undefined)
    expect((await command(['transactions', 'retry', 'Calls', transaction])).code).toBe(0)
    await cycle.settled(transaction, ['Completed'])
  })

  it('lists the items of one that split a list', async () => {
    const document = `name: Split
steps:
  - { id: order, type: webhook, split: body.lines, next: work }
  - { id: work, type: script, source: "function run(input) { return input }", input: "{{order.item}}" }
`
    const cycle = await system.client.cycle(document, { account })
    const { transaction = '' } = await cycle.post({ lines: ['a', 'b'] })
    await cycle.settled(transaction, ['Completed'])
    const items = await json<readonly { Id: string; Status: string }[]>('transactions', 'items', 'Split', transaction)
    expect(items.map(({ Id, Status }) => [Id, Status])).toEqual([0, 1].map(index => [`${transaction}.order.1.${index}`, 'Completed']))
    const shown = await command(['transactions', 'show', 'Split', items[1]?.Id ?? ''])
    expect(shown.out).toMatch(/\nwork +work +Completed +/)
  })

  it('follows what comes and what changes', async () => {
    const cycle = await system.client.cycle(waiting, { account })
    const before = (await cycle.post({ id: 1 })).transaction ?? ''
    await cycle.settled(before, ['Waiting'])
    const args = ['transactions', 'tail', 'Parcels', '--json', '--interval', '200ms']
    const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args], { cwd: ROOT, env: { ...process.env, ...env() } })
    let told = ''
    child.stdout.on('data', chunk => void (told += String(chunk)))
    const states = (id: string): string[] =>
      told
        .split('\n')
        .filter(line => line.includes(id))
        .map(line => /"Status":"(\w+)"/.exec(line)?.[1] ?? '')
    try {
      await until(() => states(before).at(-1) === 'Waiting')
      const { transaction: later = '' } = await cycle.post({ id: 2 })
      await until(() => states(later).at(-1) === 'Waiting')
      await command(['transactions', 'stop', 'Parcels', before])
      await until(() => states(before).at(-1) === 'Stopped')
    } finally {
      child.kill()
    }
  })
})

describe('flywheel webhooks find', () => {
  it('tells where a URL belongs, by URL and by identifier', async () => {
    const cycle = await system.client.cycle(orders('1'), { account })
    const { out } = await command(['webhooks', 'find', cycle.url()])
    expect(steady(out)).toMatch(/^Account: +test-<id> \(.*\nCycle: +Orders \(<id>\)\nStep: +order \(Order received\)\nURL: +http/)
    const found = await json<{ CycleId: string }>('webhooks', 'find', cycle.url().split('/').at(-1) ?? '')
    expect(found.CycleId).toBe(cycle.id)
    expect((await command(['webhooks', 'find', 'nope'])).code).toBe(1)
  })
})

describe('flywheel notifications', () => {
  it('lists them, shows one with its tries, and sends it again', async () => {
    system.receiver.respond(({ path }) => ({ status: path === '/told' ? 410 : 500, ...(path === '/told' ? { body: 'no more' } : {}) }))
    const cycle = await system.client.cycle(calls(), { account })
    await system.client.call('PUT', `/accounts/${account}`, { body: { TransactionErrorWebhookUrl: `${system.receiver.url}/told` } })
    await cycle.post({})
    const [told] = await until(async () => {
      const list = await json<readonly { Id: string }[]>('notifications', 'list', '--status', 'Gone')
      return list.length > 0 && list
    })
    const id = told?.Id ?? ''
    expect(steady((await command(['notifications', 'list', '--limit', '1'])).out)).toMatch(/^CREATED +STATUS +TRIES +WHAT +ID\n<time> +Gone +1 +.* +<id>\n$/)
    expect(steady((await command(['notifications', 'show', id])).out)).toMatch(
      /^Notification: +<id>\nKind: +incident\n(.*\n)*Status: +Gone\n(.*\n)*<time> +410 +\d+ ms +no more\n$/,
    )
    system.receiver.respond(() => undefined)
    expect((await command(['notifications', 'replay', id])).out).toBe(`${id} is about to be sent to ${system.receiver.url}/told.\n`)
    await until(async () => (await json<{ Status: string }>('notifications', 'show', id)).Status === 'Delivered')
    expect(await command(['notifications', 'show', cycle.id])).toMatchObject({ code: 1, err: expect.stringContaining('no such notification') })
  })
})

describe('flywheel export, import and reindex', () => {
  it('writes a file for its owner only, and brings it back', async () => {
    const { id } = await system.client.cycle(orders('1'), { account })
    const cwd = folder({})
    const all = await command(['export', '-o', 'all.json'], { cwd })
    expect([all.code, all.out]).toEqual([0, expect.stringMatching(/^all\.json: .*Accounts \d+, .*Cycles \d+/)])
    expect(statSync(join(cwd, 'all.json')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(cwd, 'all.json'), 'utf8')).toContain(id)
    const one = await command(['export', '--only', account])
    writeFileSync(join(cwd, 'one.json'), one.out)
    const { code, out } = await command(['import', 'all.json', 'one.json'], { cwd })
    expect(code).toBe(0)
    expect(out).toMatch(/^FILE +WHAT +IMPORTED +UNCHANGED\n/)
    expect(out).toMatch(/\none\.json +Cycles +0 +1\n/)
  })

  it('tells what is no export', async () => {
    const cwd = folder({ 'a.json': '{}', 'b.json': '{' })
    expect(await command(['import', 'a.json'], { cwd })).toMatchObject({ code: 1, err: expect.stringContaining('no export of Flywheel') })
    expect(await command(['import', 'b.json'], { cwd })).toEqual({ code: 4, out: '', err: 'b.json is no JSON.\n' })
  })

  it('rebuilds the index, and waits for it', async () => {
    expect((await command(['reindex'])).out).toMatch(/^Status: +(Requested|Running|Done)\n/)
    expect((await command(['reindex', '--wait'])).out).toMatch(/^Status: +Done\nCycles: +\d+ of \d+\n/)
  })
})

describe('credentials and accounts', () => {
  it('that are wrong are told apart, with an exit code of their own', async () => {
    const wrong = await command(['cycles', 'list', '--client-secret', 'guess'])
    expect(wrong).toEqual({ code: 5, out: '', err: `The credentials are wrong: ${system.apiUrl} does not know the client "test" with this secret.\n` })
    const unknown = await command(['cycles', 'list', '--account', 'nobody'])
    expect(unknown).toEqual({ code: 5, out: '', err: `There is no account "nobody" at ${system.apiUrl}.\n` })
    expect((await command(['cycles', 'list', '--account', 'jürgen'])).code).toBe(5)
  })

  it('an account that is not named is asked for, with those that there are', async () => {
    const { code, err } = await command(['cycles', 'list'], { env: { ...env(), FLYWHEEL_ACCOUNT: '' } })
    expect([code, err]).toEqual([2, expect.stringMatching(/^Which account\? .* There are: test-/)])
  })
})
