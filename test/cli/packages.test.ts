import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { offer, type Offered } from '../support/packages.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { flywheel, folder, type RunOptions } from './harness.ts'

let system: TestSystem
let account: string
let shop: Offered
beforeAll(async () => {
  system = await startSystem()
  const document = {
    name: 'Orders',
    variables: [{ name: 'erpUrl', label: 'ERP URL', userConfigurable: true }],
    steps: [
      { id: 'order', type: 'webhook', next: 'tell' },
      { id: 'tell', type: 'request', method: 'POST', url: '{{variables.erpUrl}}' },
    ],
  }
  shop = await offer(system, [document])
})
beforeEach(async () => {
  account = await system.client.account()
})
afterAll(() => system.stop())

const command = (args: readonly string[], options: RunOptions = {}) =>
  flywheel(['packages', ...args], {
    env: { FLYWHEEL_URL: system.apiUrl, CLIENT_ID: 'test', CLIENT_SECRET: system.clientSecret, FLYWHEEL_ACCOUNT: account },
    ...options,
  })
const said = async (args: readonly string[], options?: RunOptions): Promise<string> => {
  const { code, out, err } = await command(args, options)
  return `${code} ${out}${err}`.trim()
}

describe('flywheel packages', () => {
  it('lists, installs, stops, starts and removes a package', async () => {
    expect(await said(['list'])).toMatch(new RegExp(`^0 ID +NAME +STATE +CYCLES ACTIVE\\n${shop.id} +Orders to ERP +NotInstalled +0 of 0$`))
    const variable = `${String(shop.templates[0])}.erpUrl=${system.receiver.url}/erp?a=b`
    expect(await said(['install', 'Orders to ERP', '--variable', variable])).toBe('0 Orders to ERP is installed.')
    expect(await said(['list'])).toMatch(/Started +1 of 1$/)
    expect(await said(['stop', shop.id])).toBe('0 Orders to ERP is stopped.')
    expect(await said(['start', 'Orders to ERP'])).toBe('0 Orders to ERP is started.')
    expect(JSON.parse((await command(['uninstall', shop.id, '--json'])).out)).toMatchObject({ Kind: 'Uninstall', Status: 'Completed' })
    expect(await said(['uninstall', shop.id])).toBe('1 The package is not installed in this account.')
  })

  it('reads values from a file, and tells what cannot start, and why', async () => {
    const cwd = folder({ 'values.json': JSON.stringify({ [`${String(shop.templates[0])}.erpUrl`]: '' }), 'bad.json': '[]' })
    const why = 'Failed to start cycle "Orders": The variable "ERP URL" needs a value.'
    expect(await said(['install', shop.id, '--variables', 'values.json'], { cwd })).toBe(`0 Orders to ERP is installed.\n  ${why}`)
    expect(await said(['start', shop.id])).toBe(`1 Orders to ERP: the start failed, and nothing of it is left.\n  ${why}`)
    expect(await said(['install', shop.id, '--variables', 'bad.json'], { cwd })).toMatch(/^2 bad\.json is no JSON object/)
    expect(await said(['install', shop.id, '--variable', 'nonsense'])).toMatch(/^2 --variable is/)
    expect(await said(['install', 'Orders to ERB'])).toBe('1 No package "Orders to ERB" is offered. Did you mean "Orders to ERP"?')
  })

  it('does not wait where it is told so', async () => {
    expect(await said(['install', shop.id, '--no-wait'])).toMatch(/^0 The operation [0-9a-f-]{36} has begun\.$/)
  })
})
