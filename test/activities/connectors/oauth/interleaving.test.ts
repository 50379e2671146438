import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenServerDown } from '../../../../activities/connectors/oauth/deps.ts'
import { startOAuthServer } from '../../../support/oauth-server.ts'
import { authorized, startRig } from './rig.ts'

type Event =
  /** A call in one of the processes; with `stale` its token was answered with 401. */
  | { readonly kind: 'call'; readonly process: number; readonly stale: boolean; readonly after: number }
  /** Time passes, calls from here on were made with the token of now, the server is away for its next answer, a user gives access anew. */
  | { readonly kind: 'expire' | 'look' | 'down' | 'authorize'; readonly after: number }

const after = fc.integer({ min: 0, max: 30 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('call'), process: fc.nat(2), stale: fc.boolean(), after }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('expire', 'look', 'down', 'authorize'), after }) },
)

describe('whatever happens at once in three processes', () => {
  it(
    'at most one refresh is on its way, no refresh token is used twice, and every token that is given is one of the server’s',
    { timeout: 120_000 },
    async () => {
      const server = await startOAuthServer()
      const rig = await startRig(server)
      const processes = [await rig.process(), await rig.process(), await rig.process()] as const
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 30 }), async events => {
            const first = processes[0]
            const id = await authorized(rig, server, first)
            const given: string[] = []
            const used = new Map<string, number>()
            let known = await rig.credentials(id)
            let [running, most, down] = [0, 0, 0]
            server.rules.instead = async grant => {
              if (grant !== 'refresh_token') return undefined
              const token = server.asked.at(-1)?.get('refresh_token') ?? ''
              most = Math.max(most, ++running)
              await sleep(5)
              running--
              if (down > 0) return (down--, { status: 503 })
              used.set(token, (used.get(token) ?? 0) + 1)
              return undefined
            }
            const calls: Promise<void>[] = []
            const call = async (process: number, stale: boolean): Promise<void> => {
              const about = stale && known.accessToken !== undefined ? { rejected: known.accessToken } : {}
              const work = (processes[process] ?? first).tokens.token(rig.account, id, about, new AbortController().signal)
              await work.then(
                token => given.push(token),
                (error: unknown) => expect(error).toBeInstanceOf(TokenServerDown),
              )
            }
            for (const one of events) {
              await sleep(one.after)
              if (one.kind === 'call') calls.push(call(one.process, one.stale))
              else if (one.kind === 'expire') rig.later(3_600_000)
              else if (one.kind === 'down') down++
              else if (one.kind === 'look') known = await rig.credentials(id)
              else {
                const begun = await first.authorizations.begin(rig.account, id)
                expect(await first.authorizations.finish(server.visit(begun?.url ?? '').searchParams)).toMatchObject({ kind: 'done' })
              }
            }
            await Promise.all(calls)
            expect(most).toBeLessThanOrEqual(1)
            for (const [token, times] of used) expect(times, token).toBe(1)
            for (const token of given) expect(server.tokens).toContain(token)
            expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
            down = 0
            const last = await first.tokens.token(rig.account, id, {}, new AbortController().signal)
            expect(server.tokens).toContain(last)
          }),
          { numRuns: Number(process.env['RUNS'] ?? 10) },
        )
      } finally {
        await rig.close()
        await server.close()
      }
    },
  )
})
