import { afterAll, beforeAll, expect, it } from 'vitest'
import { apiHarness, at, CLIENT, smallCycle, type ApiHarness } from '../api/harness.ts'
import { flywheel, folder } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
  const { json } = await api.v1('POST', '/templates', { body: { Definition: smallCycle } })
  await api.v1('POST', `/templates/${String(at(json, 'Id'))}/promote`)
})
afterAll(() => api.close())

const apply = (text: string, ...args: readonly string[]) =>
  flywheel(['apply', '-f', 'm.yaml', '--marketplaces', '--url', api.base, '--client-id', CLIENT.clientId, '--client-secret', CLIENT.clientSecret, ...args], {
    cwd: folder({ 'm.yaml': text }),
  })
const yaml = (css: string): string => `name: Shop
notificationUrl: https://partner.example/notify
css: "${css}"
cards:
  - { type: category, title: All, cards: [{ type: package, package: Orders }] }
packages:
  - { name: Orders, templates: [Small], autoStart: false }
`

it('apply --marketplaces makes a marketplace with its packages and cards, and shows its secret once', async () => {
  const made = await apply(yaml(''))
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/created +Shop[^]*shown this once: whsec_/)])
  const again = await apply(yaml(''))
  expect([again.code, again.out]).toEqual([0, expect.stringMatching(/unchanged +Shop/)])
  expect(again.out).not.toContain('whsec_')
  expect((await apply(yaml('b{}'))).out).toMatch(/updated +Shop/)
  const { json } = await api.v1('GET', '/marketplaces')
  const id = String(at(json, '[0].Id'))
  const packages = (await api.v1('GET', `/marketplaces/${id}/packages`)).json
  expect(json).toMatchObject([{ Css: 'b{}', Cards: [{ Type: 'Category', Cards: [{ Type: 'Package', PackageId: at(packages, '[0].Id') }] }] }])
  expect(packages).toMatchObject([{ Name: 'Orders', AutoStart: false }])
})

it('apply --marketplaces tells what is wrong, with line and column, and what is not there', async () => {
  const invalid = await apply('name: X\npackages:\n  - { name: A, templates: [], autostart: true }\n')
  expect([invalid.code, invalid.out + invalid.err]).toEqual([4, expect.stringMatching(/m\.yaml:3:\d+: packages\[0\]/)])
  const unknown = await apply('name: X\npackages: [{ name: A, templates: [None] }]\n')
  expect(unknown.code).not.toBe(0)
  expect(unknown.out).toContain('There is no template "None"')
  expect((await apply(yaml(''), '--start')).code).toBe(2)
})
