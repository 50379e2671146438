import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sealCredentials } from '../../../../activities/connectors/oauth/credentials.ts'
import { StepError } from '../../../../domain/errors.ts'
import { CLIENT, startOAuthServer, type OAuthServer } from '../../../support/oauth-server.ts'
import { until } from '../../../support/until.ts'
import { authorized, NEW_KEY, OLD_KEY, sealerOf, startRig, type Process, type Rig } from './rig.ts'

let server: OAuthServer
let rig: Rig
let one: Process
let other: Process

beforeEach(async () => {
  server = await startOAuthServer()
  rig = await startRig(server, { leaseMs: 2_000, timeoutMs: 1_000 })
  one = await rig.process()
  other = await rig.process()
})
afterEach(async () => {
  await rig.close()
  await server.close()
})

const HOUR = 3600_000
const open = (): AbortSignal => new AbortController().signal
const token = (id: string, rejected?: string, process = one): Promise<string> =>
  process.tokens.token(rig.account, id, rejected === undefined ? {} : { rejected }, open())
const isValid = (access: string): boolean => server.tokens.includes(access)
/** How often a refresh was asked for. */
const refreshes = (): number => server.asked.filter(form => form.get('grant_type') === 'refresh_token').length

const errorOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
const notAuthenticated = async (work: Promise<unknown>): Promise<string> => {
  const error = await errorOf(work)
  expect(error).toBeInstanceOf(StepError)
  return error instanceof StepError && error.code === 'notAuthenticated' ? error.detail : `another code: ${String(error)}`
}

describe('access tokens of account connectors', () => {
  it('are used until a minute before they end, and renewed then', async () => {
    const id = await authorized(rig, server, one)
    const first = await token(id)
    rig.later(HOUR - 70_000)
    expect(await token(id)).toBe(first)
    rig.later(11_000)
    const second = await token(id)
    expect(second).not.toBe(first)
    expect(refreshes()).toBe(1)
    expect(await token(id)).toBe(second)
  })

  it('that live less than two minutes are renewed in the middle of their life', async () => {
    server.rules.expiresIn = 40
    const id = await authorized(rig, server, one)
    const first = await token(id)
    rig.later(19_000)
    expect(await token(id)).toBe(first)
    rig.later(2_000)
    expect(await token(id)).not.toBe(first)
  })

  it('without an end are used until one is refused', async () => {
    server.rules.expiresIn = undefined
    const id = await authorized(rig, server, one)
    const first = await token(id)
    rig.later(365 * 24 * HOUR)
    expect(await token(id)).toBe(first)
    const second = await token(id, first)
    expect(second).not.toBe(first)
    expect(await token(id, first)).toBe(second)
    expect(refreshes()).toBe(1)
  })

  it('are renewed once for 50 callers in two processes at the moment of expiry', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    const given = await Promise.all(Array.from({ length: 50 }, (_, i) => token(id, undefined, i % 2 === 0 ? one : other)))
    expect(refreshes()).toBe(1)
    expect(new Set(given).size).toBe(1)
    expect(server.tokens).toContain(given[0])
  })

  it('are renewed once for 50 callers whose token was refused', async () => {
    const id = await authorized(rig, server, one)
    const first = await token(id)
    server.expire()
    const given = await Promise.all(Array.from({ length: 50 }, (_, i) => token(id, first, i % 2 === 0 ? one : other)))
    expect(refreshes()).toBe(1)
    expect(new Set(given)).toEqual(new Set(server.tokens))
  })

  it('are asked for with client credentials and scopes, and again when they end', async () => {
    const id = await rig.connected({ grant: 'clientCredentials' })
    await rig.change(id, { status: 'Authenticated' })
    const first = await token(id)
    rig.later(HOUR)
    const second = await token(id)
    expect(second).not.toBe(first)
    expect(server.asked.map(form => [form.get('grant_type'), form.get('scope')])).toEqual([
      ['client_credentials', 'orders.read orders.write'],
      ['client_credentials', 'orders.read orders.write'],
    ])
  })

  it('go on with the refresh token from before where an answer has none', async () => {
    server.rules.rotates = false
    const id = await authorized(rig, server, one)
    const { refreshToken } = await rig.credentials(id)
    rig.later(HOUR)
    await token(id)
    rig.later(HOUR)
    await token(id)
    expect(await rig.credentials(id)).toMatchObject({ refreshToken })
    expect(refreshes()).toBe(2)
  })

  it('are sealed at rest, and sealed anew on use when the key has changed', async () => {
    const id = await authorized(rig, server, one)
    const old = sealerOf(OLD_KEY, NEW_KEY)
    const { value } = await rig.record(id)
    const oauth = await rig.credentials(id)
    await rig.change(id, { credentials: sealCredentials({ ...value, credentials: '' }, oauth, old) })
    expect((await rig.record(id)).value.credentials).toMatch(/^sealed:old:/)
    expect(await token(id)).toBe(oauth.accessToken)
    expect((await rig.record(id)).value.credentials).toMatch(/^sealed:new:/)
    expect(await rig.credentials(id)).toEqual(oauth)
  })

  it("are asked for with the client's secret, which is sealed anew on use as well", async () => {
    const id = await authorized(rig, server, one)
    const { connectorId } = (await rig.record(id)).value
    const found = await rig.registry.connectors.get(connectorId)
    if (found === undefined) throw new Error('no connector')
    const oauthClientSecret = sealerOf(OLD_KEY).seal(CLIENT.secret)
    await rig.registry.connectors.replace(connectorId, { ...found.value, oauthClientSecret }, found.version)
    rig.later(HOUR)
    expect(isValid(await token(id))).toBe(true)
    const sealed = (await rig.registry.connectors.get(connectorId))?.value.oauthClientSecret ?? ''
    expect(sealed).toMatch(/^sealed:new:/)
    expect(sealerOf(NEW_KEY).open(sealed)).toBe(CLIENT.secret)
  })
})

describe('a refresh', () => {
  it('that is refused makes the account connector Unauthenticated, for all who wait, with a reason that tells no secret', async () => {
    const id = await authorized(rig, server, one)
    const { refreshToken = '' } = await rig.credentials(id)
    server.revoke()
    rig.later(HOUR)
    const details = await Promise.all(Array.from({ length: 20 }, (_, i) => notAuthenticated(token(id, undefined, i % 2 === 0 ? one : other))))
    expect(new Set(details)).toEqual(new Set(['The token server answered with 400: invalid_grant: ******** is over']))
    expect(refreshes()).toBe(1)
    const { value } = await rig.record(id)
    expect(value).toMatchObject({ status: 'Unauthenticated', reason: details[0] })
    expect(JSON.stringify(value)).not.toContain(refreshToken)
    expect(await rig.credentials(id)).not.toHaveProperty('refreshToken')
    await notAuthenticated(token(id))
    expect(refreshes()).toBe(1)
  })

  it('is possible no more where the application gave no refresh token', async () => {
    const id = await rig.connected({ grant: 'authorizationCode' })
    const { value } = await rig.record(id)
    await rig.change(id, { status: 'Authenticated', credentials: sealCredentials(value, { accessToken: 'x' }, sealerOf(NEW_KEY)) })
    expect(await token(id)).toBe('x')
    expect(await notAuthenticated(token(id, 'x'))).toBe('The access token is over, and the application gave no refresh token')
  })

  it('that finds the token server down, or in disorder, leaves the account connector as it is and is worth another try', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    for (const instead of [
      () => ({ status: 503, body: 'down for maintenance' }),
      () => ({ status: 429, body: { error: 'slow_down' } }),
      () => ({ status: 400, body: { error: 'temporarily_unavailable' } }),
      () => ({ status: 302, headers: { location: 'http://169.254.169.254/' } }),
      () => ({ status: 200, body: '<html>' }),
      () => ({ status: 200, body: { token_type: 'bearer' } }),
      () => ({ status: 200, body: { access_token: 'x'.repeat(300_000) } }),
      () => Promise.reject(new Error('the connection breaks')),
      async () => (await sleep(1_200), { status: 200 }),
    ]) {
      server.rules.instead = instead
      const error = await errorOf(token(id))
      expect(error).toMatchObject({ name: 'TokenServerDown' })
      expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
    }
    server.rules.instead = undefined
    expect(isValid(await token(id))).toBe(true)
  })

  it('that finds the token server down fails for all who wait by one question', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    server.rules.instead = async () => (await sleep(300), { status: 503 })
    const errors = await Promise.all(Array.from({ length: 20 }, (_, i) => errorOf(token(id, undefined, i % 2 === 0 ? one : other))))
    expect(new Set(errors.map(String)).size).toBe(1)
    expect(String(errors[0])).toMatch(/^TokenServerDown: Shop .*: The token server answered with 503$/)
    expect(refreshes()).toBe(1)
  })

  it('goes on when its caller is cancelled: its answer must not be lost', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    let answer = (): void => undefined
    server.rules.instead = () => new Promise(resolve => (answer = () => resolve(undefined)))
    const cancelled = new AbortController()
    const work = one.tokens.token(rig.account, id, {}, cancelled.signal)
    await until(() => refreshes() === 1)
    cancelled.abort(new Error('cancelled'))
    await expect(work).rejects.toThrow('cancelled')
    answer()
    await one.tokens.close()
    server.rules.instead = undefined
    const given = await token(id)
    expect(given).toBe(server.tokens.at(-1))
    expect(refreshes()).toBe(1)
  })

  it('whose process died is taken over when its lease runs out', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    expect(await other.store.leases.take(rig.account, id)).toMatchObject({ state: 'mine' })
    expect(isValid(await token(id))).toBe(true)
    expect(refreshes()).toBe(1)
  })

  it('whose new refresh token was lost in a crash ends in a reason that says so, and access given anew mends it', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    // Another process had asked, the application had rotated, and the process died before it stored the answer.
    await other.store.leases.take(rig.account, id)
    server.revoke()
    expect(await notAuthenticated(token(id))).toMatch(
      /^The token server answered with 400: invalid_grant: \*+ is over\. A refresh that began at \d{4}-.*Z has no known end: if the application gave a new refresh token then, it was lost$/,
    )
    const begun = await one.authorizations.begin(rig.account, id)
    await one.authorizations.finish(server.visit(begun?.url ?? '').searchParams)
    expect(isValid(await token(id))).toBe(true)
    const { value } = await rig.record(id)
    expect(value).toMatchObject({ status: 'Authenticated' })
    expect(value).not.toHaveProperty('reason')
  })

  it('keeps an authorisation that was given while it was on its way', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    const begun = await other.authorizations.begin(rig.account, id)
    let release = (): void => undefined
    server.rules.instead = grant =>
      grant === 'refresh_token' ? new Promise(resolve => (release = () => resolve({ status: 400, body: { error: 'invalid_grant' } }))) : undefined
    const work = token(id)
    await until(() => refreshes() === 1)
    await other.authorizations.finish(server.visit(begun?.url ?? '').searchParams)
    release()
    const given = await work
    expect(given).toBe(server.tokens.at(-1))
    expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
  })

  it('keeps what else was changed of the account connector meanwhile', async () => {
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    server.rules.instead = async () => {
      server.rules.instead = undefined
      await rig.change(id, { name: 'Second shop' })
      return undefined
    }
    expect(isValid(await token(id))).toBe(true)
    expect(await rig.record(id)).toMatchObject({ value: { name: 'Second shop' } })
  })
})

describe('the client', () => {
  it.each(['a call', 'an activation'])(
    'that is refused is tried again by %s when the partner has changed the connector, and users need not come back',
    async before => {
      const id = await authorized(rig, server, one)
      rig.later(HOUR)
      server.rules.instead = () => ({ status: 401, body: { error: 'invalid_client' } })
      expect(await notAuthenticated(token(id))).toBe('The token server answered with 401: invalid_client')
      const asked = server.asked.length
      await notAuthenticated(token(id))
      expect(server.asked.length).toBe(asked)
      server.rules.instead = undefined
      const { connectorId } = (await rig.record(id)).value
      const connector = await rig.registry.connectors.get(connectorId)
      await one.tokens.revive(rig.account)
      expect(server.asked.length).toBe(asked)
      if (connector !== undefined) await rig.registry.connectors.replace(connectorId, connector.value, connector.version)
      if (before === 'an activation') {
        await one.tokens.revive(rig.account)
        expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
      }
      const given = await Promise.all(Array.from({ length: 10 }, () => token(id)))
      expect(server.tokens).toContain(given[0])
      expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
    },
  )

  it('says who it is by HTTP basic, else in the form, and remembers which', async () => {
    server.rules.auth = 'post'
    const id = await authorized(rig, server, one)
    expect(server.asked.length).toBe(2)
    rig.later(HOUR)
    await token(id)
    expect(server.asked.length).toBe(3)
    expect(await rig.credentials(id)).toMatchObject({ auth: 'post' })
  })

  it('cannot be sent to private addresses, nor over http', async () => {
    const guarded = await rig.process({ private: false })
    const id = await authorized(rig, server, one)
    rig.later(HOUR)
    const asked = server.asked.length
    expect(await notAuthenticated(token(id, undefined, guarded))).toMatch(/: Its token URL is not https$/)
    const { connectorId } = (await rig.record(id)).value
    const connector = await rig.registry.connectors.get(connectorId)
    if (connector === undefined) throw new Error('no connector')
    const tokenUrl = `${server.url.replace('http:', 'https:')}/token`
    const definition = JSON.parse(JSON.stringify(connector.value.definition).replace(`${server.url}/token`, tokenUrl))
    await rig.registry.connectors.replace(connectorId, { ...connector.value, definition }, connector.version)
    expect(await notAuthenticated(token(id, undefined, guarded))).toMatch(/Calls to 127\.0\.0\.1 are not allowed/)
    expect(server.asked.length).toBe(asked)
    expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
  })

  it("is not sent where an account's settings would lead it", async () => {
    const id = await rig.connected({ grant: 'clientCredentials', tokenUrl: 'https://{{settings.shop}}.example.com/token' }, { shop: 'evil.example/x?' })
    await rig.change(id, { status: 'Authenticated' })
    expect(await notAuthenticated(token(id))).toMatch(/^The setting shop stands in a URL of OAuth/)
  })
})
