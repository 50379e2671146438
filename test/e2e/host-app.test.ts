import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Webhook } from 'standardwebhooks'
import { createHostApp } from '../../examples/host-app/app.ts'
import { freePort } from '../../scripts/provision/ports.ts'

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`

let server: Server
let url: string
let flywheel: Server
beforeAll(async () => {
  // What the product's server asks Flywheel for, answered in its place.
  flywheel = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/oauth/token') response.end(JSON.stringify({ access_token: 'token', expires_in: 3600 }))
    else response.end(JSON.stringify({ MarketplaceUrl: 'http://flywheel.example/m?a=1&b="', LaunchUrl: 'http://flywheel.example/l' }))
  }).listen(0, '127.0.0.1')
  await once(flywheel, 'listening')
  const at = flywheel.address()
  const port = await freePort(0)
  url = `http://127.0.0.1:${port}`
  const access = { url: `http://127.0.0.1:${typeof at === 'object' ? at?.port : 0}`, clientId: 'a', clientSecret: 'b' }
  const customers = [
    { id: 'corner-bakery', name: 'Corner <Bakery>' },
    { id: 'mill-lane', name: 'Mill Lane' },
  ] as const
  server = createServer(createHostApp({ url, flywheel: access, flywheelOrigin: 'http://flywheel.example', marketplace: 1, secret: SECRET, customers }))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  for (const one of [server, flywheel]) {
    one?.close()
    one?.closeAllConnections()
  }
})

const signed = (body: object, id = 'msg_1', secret = SECRET, at = new Date()) => {
  const text = JSON.stringify(body)
  return {
    method: 'POST',
    headers: { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)), 'webhook-signature': new Webhook(secret).sign(id, at, text) },
    body: text,
  }
}
const told = (status: string, account = 'corner-bakery') => ({ Status: status, AccountId: 'a', AccountApiId: account, MarketplaceIntegrationPackageId: 1 })

describe('the product of examples/host-app', () => {
  it('believes only notifications that are signed with its secret, and fresh', async () => {
    const to = `${url}/flywheel/notifications`
    expect((await fetch(to, signed(told('installed')))).status).toBe(204)
    expect((await fetch(to, signed(told('installed'), 'msg_2', `whsec_${Buffer.alloc(24, 8).toString('base64')}`))).status).toBe(401)
    expect((await fetch(to, signed(told('installed'), 'msg_3', SECRET, new Date(Date.now() - 600_000)))).status).toBe(401)
    expect((await fetch(to, { method: 'POST', body: '{}' })).status).toBe(401)
    expect((await fetch(to, { ...signed(told('installed'), 'msg_4'), body: JSON.stringify(told('uninstalled')) })).status).toBe(401)
  })
  it('shows them to the customer that they are about, each once, also as they come', async () => {
    const to = `${url}/flywheel/notifications`
    await fetch(to, signed(told('started', 'mill-lane'), 'msg_5'))
    const open = async (customer: string) => (await fetch(`${url}/events`, { headers: { cookie: `customer=${customer}` } })).body?.getReader()
    const mine = await open('corner-bakery')
    await fetch(to, signed(told('stopped'), 'msg_6'))
    await fetch(to, signed(told('stopped'), 'msg_6'))
    await fetch(to, signed(told('uninstalled'), 'msg_7'))
    let text = ''
    while (!text.includes('uninstalled')) text += Buffer.from((await mine?.read())?.value ?? []).toString()
    expect([...text.matchAll(/"Status":"(\w+)"/g)].map(([, status]) => status)).toEqual(['installed', 'stopped', 'uninstalled'])
    await mine?.cancel()
  })
  it('escapes what it shows', async () => {
    const page = await (await fetch(`${url}/integrations`)).text()
    expect(page).toContain('Corner &lt;Bakery&gt;')
    expect(page).toContain('src="http://flywheel.example/m?a=1&amp;b=&quot;"')
  })
  it('lets no other site open its pop-ups, or send its forms', async () => {
    const open = (site: string) => fetch(`${url}/connect/launch`, { redirect: 'manual', headers: { 'sec-fetch-site': site } })
    expect((await open('same-origin')).headers.get('location')).toBe('http://flywheel.example/l')
    expect((await open('cross-site')).status).toBe(403)
    expect((await open('same-site')).status).toBe(403)
    expect((await fetch(`${url}/orders`, { method: 'POST', headers: { origin: 'http://evil.example' } })).status).toBe(403)
  })
})
