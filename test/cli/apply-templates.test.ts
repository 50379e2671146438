import { afterAll, beforeAll, expect, it } from 'vitest'
import { apiHarness, at, CLIENT, type ApiHarness } from '../api/harness.ts'
import { flywheel, folder, steady } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const document = (name: string, more = ''): string => `name: ${name}
${more}steps:
  - { id: order, type: webhook, next: wait }
  - { id: wait, type: delay, for: 1s }
`

/** The exit code, and the rows without their padding. */
async function apply(cwd: string, ...args: readonly string[]): Promise<[number, string]> {
  const connection = ['--url', api.base, '--client-id', CLIENT.clientId, '--client-secret', CLIENT.clientSecret]
  const { code, out } = await flywheel(['apply', ...args, ...connection], { cwd })
  const rows = steady(out).trim().split('\n').slice(1)
  return [code, rows.map(row => row.trim().replaceAll(/ {2,}/g, '  ')).join('\n')]
}

it('apply --templates makes each document the template of its name, without an account', async () => {
  const cwd = folder({ 'a.yaml': document('Orders') })
  expect(await apply(cwd, '-f', 'a.yaml', '--templates')).toEqual([0, 'created  Orders  Draft  <id>  a.yaml'])
  expect(await apply(cwd, '-f', 'a.yaml', '--templates')).toEqual([0, 'unchanged  Orders  Draft  <id>  a.yaml'])
  expect(await apply(cwd, '-f', 'a.yaml', '--promote')).toEqual([0, 'updated  Orders  Live  <id>  a.yaml'])
  expect(await apply(cwd, '-f', 'a.yaml', '--publish')).toEqual([0, 'updated  Orders  Live  <id>  a.yaml'])
  expect(await apply(cwd, '-f', 'a.yaml', '--publish')).toEqual([0, 'unchanged  Orders  Live  <id>  a.yaml'])
  const edited = folder({ 'a.yaml': document('Orders', 'description: New.\n'), 'b.json': JSON.stringify({ name: 'Other', steps: [] }) })
  expect((await apply(edited, '-f', '.', '--publish'))[0]).toBe(4)
  expect(await apply(edited, '-f', 'a.yaml', '--publish')).toEqual([0, 'updated  Orders  Live  <id>  a.yaml'])
  const { json } = await api.v1('GET', '/templates')
  expect([at(json, '[0].Published'), at(json, '[0].Releases[0].Status'), at(json, '[0].Releases[1].Status')]).toEqual([true, 'Deprecated', 'Live'])
})

it('apply --templates writes secrets that cannot be compared only with --secrets', async () => {
  const cwd = folder({ 'a.yaml': document('Secret', 'variables: [{ name: key, secret: true, value: one }]\n') })
  expect((await apply(cwd, '-f', 'a.yaml', '--promote'))[0]).toBe(0)
  const [code, out] = await apply(cwd, '-f', 'a.yaml', '--promote')
  expect([code, out]).toEqual([0, expect.stringMatching(/^unchanged {2}Secret {2}Live[^]*--secrets writes them/)])
  expect((await apply(cwd, '-f', 'a.yaml', '--promote', '--secrets'))[1]).toContain('updated  Secret  Live')
})

it('apply --templates refuses a name that several templates have, and options of cycles', async () => {
  const definition = {
    name: 'Twice',
    steps: [
      { id: 'a', type: 'webhook', next: 'b' },
      { id: 'b', type: 'delay', for: '1s' },
    ],
  }
  for (const _ of [1, 2]) await api.v1('POST', '/templates', { body: { Definition: definition } })
  const [code, out] = await apply(folder({ 'a.yaml': document('Twice') }), '-f', 'a.yaml', '--templates')
  expect([code, out]).toEqual([expect.any(Number), expect.stringContaining('Several templates have this name')])
  expect(code).not.toBe(0)
  expect((await apply(folder({ 'a.yaml': document('X') }), '-f', 'a.yaml', '--templates', '--start'))[0]).toBe(2)
})
