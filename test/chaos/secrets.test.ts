import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ReceivedRequest, ReceiverAnswer } from '../support/receiver.ts'
import { until } from '../support/until.ts'
import { useOwnSystem } from './servers.ts'

const own = useOwnSystem({ ALLOW_VOLATILE_REDIS: 'false', LOG_LEVEL: 'debug', NOTIFICATION_RETRIES: '500ms' })

const random = (): string => randomBytes(27).toString('base64url').replaceAll(/[-_]/g, 'x')
const [key, special, token, lines] = [random(), random(), random(), random()]
/** Values of the secret variables: plain, of characters that are escaped everywhere, an object as text, and one that no header can hold. */
const secrets = { key, special: `a/+&=?"'<é>% ${special}`, object: JSON.stringify({ token }), lines: `-----BEGIN\n${lines}\n-----END` }
const visible = `visible-${random()}`

/** A part of a secret in the ways in which it may be written; all in lower case, as what is searched. */
function formsOf(part: string): string[] {
  const bytes = Buffer.from(part)
  // Within other text its base64 begins at any of three places; the ends depend on what stands beside it.
  const packed = [0, 1, 2].map(pad =>
    Buffer.concat([Buffer.alloc(pad), bytes])
      .toString('base64')
      .replaceAll('=', '')
      .slice(4, -2),
  )
  const percent = [...bytes].map(byte => `%${byte.toString(16)}`).join('')
  return [part, [...part].reverse().join(''), bytes.toString('hex'), percent, ...packed].map(form => form.toLowerCase())
}
const needles = [key, special, token, lines].flatMap(secret => [secret.slice(0, 12), secret.slice(12, 24), secret.slice(24)].flatMap(formsOf))

/** Which parts of secrets stand in what was kept or told. */
function found(data: string | Buffer): string[] {
  const text = (typeof data === 'string' ? data : data.toString('latin1')).toLowerCase()
  return needles.filter(needle => text.includes(needle)).map(needle => text.slice(Math.max(0, text.indexOf(needle) - 200), text.indexOf(needle) + 100))
}
const filesIn = (folder: string): { readonly name: string; readonly data: Buffer }[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => ({ name, data: readFileSync(join(parentPath, name)) }))

const tries = new Map<string, number>()
/** Errors that tell in many ways what was sent; what succeeds tells nothing. */
function respond({ path, query, headers, text }: ReceivedRequest): ReceiverAnswer | undefined {
  const [, what = ''] = path.split('/')
  const attempt = (tries.get(what) ?? 0) + 1
  tries.set(what, attempt)
  const echo = { path, query: [...query.entries()], again: query.toString(), headers, text, nested: JSON.stringify({ headers, text }) }
  if (what === 'echo') return { status: 400, body: echo }
  if (what === 'page')
    return { status: 500, headers: { 'content-type': 'text/html' }, body: `<p>${path}?${query.toString()} ${JSON.stringify(headers)} ${text}` }
  if (what === 'later' && attempt < 3) return { status: attempt === 1 ? 503 : 500, headers: { 'retry-after': '1' }, body: echo }
  if (what === 'moved') return { status: 302, headers: { location: `/echo?${query.toString()}` } }
  if (what === 'round') return { status: 307, headers: { location: `/round?${query.toString()}` } }
  if (what === 'astray') return { status: 302, headers: { location: `ftp://${encodeURIComponent(String(query.get('key')))}/` } }
  if (what === 'broken') return { headers: { 'content-type': 'application/json' }, body: `{"echo":${text}` }
  return undefined
}

const script = `
  function before_action() { console.log(JSON.stringify([method_request, method_request_headers, method_endpoint, method_request_parameters])) }
  function after_error() { console.log(method_error.content); throw new Error(JSON.stringify([method_response, method_request])) }`

it("a secret variable's value is in no history, log, incident or API answer (cycles.md 3 and 5)", async () => {
  const { client, receiver } = own.system
  receiver.respond(respond)
  const to = (path: string): string => `${receiver.url}/${path}`
  const all = { key: '{{variables.key}}', special: '{{variables.special}}', object: '{{variables.object}}', lines: '{{variables.lines}}' }
  const sent = {
    query: all,
    headers: { 'X-Key': '{{variables.key}}', 'X-Object': 'token {{variables.object}}' },
    body: { ...all, [`in {{variables.key}}`]: 'a name', order: '{{order.body}}', text: 'key {{variables.key}}, special {{variables.special}}' },
  }
  const requests: readonly object[] = [
    { url: to('ok/{{variables.key}}?key={{variables.special}}'), ...sent, auth: { type: 'bearer', token: '{{variables.key}}' } },
    { url: to('echo'), ...sent, auth: { type: 'basic', username: 'me-{{variables.key}}', password: '{{variables.special}}' } },
    { url: to('page/{{variables.special}}'), ...sent, bodyType: 'form', auth: { type: 'header', header: 'X-Auth', value: 'Token {{variables.key}}' } },
    { url: to('echo'), ...sent, bodyType: 'xml' },
    { url: to('later'), ...sent, onError: 'retry', retryDelays: ['1s'] },
    { url: to('moved'), ...sent },
    { url: to('round'), ...sent },
    { url: to('astray'), ...sent },
    { url: to('broken'), ...sent },
    { url: to('echo'), ...sent, script },
    { url: to('echo'), ...sent, headers: { 'X-Lines': '{{variables.lines}}', '{{variables.special}}': 'no name' } },
    { url: 'http://user:{{variables.key}}@127.0.0.1:1/{{variables.key}}?{{variables.special}}' },
    { url: 'http://{{variables.key}}.invalid/{{variables.special}}' },
    { url: 'gopher{{variables.key}}://host/' },
    { url: '{{variables.special}}' },
    // What an error told goes on as data: masked as well.
    { url: to('ok'), body: { first: '{{call1.error}}', second: '{{call2.error.body}}' } },
    { url: to('echo'), body: '{{call1.error.body}}' },
  ]
  const document = (values: { readonly [name: string]: unknown }) => ({
    name: 'Secretive',
    settings: { onStepError: 'ignore' },
    variables: Object.entries(values).map(([name, value]) => ({ name, secret: true, value })),
    steps: [
      { id: 'order', type: 'webhook', next: 'call0' },
      ...requests.map((request, n) => ({ id: `call${n}`, type: 'request', method: 'POST', timeout: '20s', ...request, next: `call${n + 1}` })),
      { id: `call${requests.length}`, type: 'request', method: 'POST', url: to('echo'), ...sent, onError: 'stopTransaction' },
    ],
  })
  const told: string[] = []
  const ask = async (method: string, path: string, options: Parameters<typeof client.call>[2] = {}): Promise<void> => {
    told.push(await client.call(method, path, options).then(answer => JSON.stringify(answer), String))
  }
  const account = await client.account()
  await client.call('PUT', `/accounts/${account}`, { body: { TransactionErrorWebhookUrl: to('errors'), IncludeWarnings: true } })
  const cycle = await client.cycle(document(secrets), { account })
  const { transaction = '' } = await cycle.post({ visible })
  told.push(JSON.stringify(await cycle.settled(transaction, ['Errored'], 150_000)))
  // One is echoed, fails, and is retried by an operator; then the cycle is stopped, and saved again with what is shown, and with what cannot be saved.
  await ask('POST', `/cycles/${cycle.id}/transactions/${transaction}/retry`, { account, body: {} })
  await until(async () => (await cycle.incidents()).filter(({ StepId }) => StepId === `call${requests.length}`).length === 2)
  await cycle.deactivate()
  await ask('PUT', `/cycles/${cycle.id}`, { account, body: { Definition: document({ ...secrets, key: '********' }) } })
  for (const bad of [
    { ...document(secrets), variables: [{ name: 'key', secret: true, valeu: key }] },
    { ...document(secrets), variables: [{ name: 'key', secret: true, value: key, options: [{ label: 'other', value: 'other' }] }] },
    { ...document(secrets), variables: [{ name: 'key', secret: key, value: key }] },
    { ...document(secrets), variables: { key } },
  ])
    await ask('PUT', `/cycles/${cycle.id}`, { account, body: { Definition: bad } })
  await ask('PUT', `/cycles/${cycle.id}`, { account, yaml: `name: Broken\nvariables:\n  - { name: key, secret: true, value: "${key}" ]\nsteps: []\n` })
  const incidents = await cycle.incidents()
  expect(incidents.length).toBeGreaterThan(requests.length)
  await until(async () => {
    const ids = (await cycle.incidents()).map(({ NotificationId }) => NotificationId)
    const states = await Promise.all(ids.map(id => client.call<{ readonly Status: string }>('GET', `/notifications/${id}`)))
    return states.every(({ Status }) => Status === 'Delivered')
  })
  const path = `/cycles/${cycle.id}`
  for (const each of ['/cycles', path, `${path}/incidents`, `${path}/transactions`, `${path}/transactions/${transaction}`]) await ask('GET', each, { account })
  for (const each of ['/notifications', ...incidents.map(({ NotificationId }) => `/notifications/${NotificationId}`)]) await ask('GET', each)
  told.push(await (await fetch(`${own.system.apiUrl}/metrics`)).text(), ...receiver.at('/errors').map(({ text, headers }) => text + JSON.stringify(headers)))

  // They were sent, and what is searched is what was written.
  const everything = receiver.requests.map(({ path: at, text, headers }) => at + text + JSON.stringify(headers)).join('\n')
  for (const secret of [key, special, token, lines]) expect(everything).toContain(secret)
  await Promise.all([own.system.kill('api'), own.system.kill('worker')])
  await own.servers.kill('temporal')
  await own.servers.kill('redis')
  const kept = filesIn(own.servers.folder)
  for (const name of [/\.aof$/, /^temporal\.db/]) expect(kept.some(file => name.test(file.name) && file.data.includes(visible))).toBe(true)
  const logs = filesIn(own.system.logFolder)
  expect(logs.map(({ name }) => name).toSorted()).toEqual(['api.log', 'worker.log'])
  for (const { name, data } of [...kept, ...logs]) expect({ name, found: found(data) }).toEqual({ name, found: [] })
  for (const text of told) expect({ text, found: found(text) }).toEqual({ text, found: [] })
}, 400_000)
