/** A connector's `test`: called after authentication, before anything is stored (connectors.md 1). */
import { randomUUID } from 'node:crypto'
import type { ConnectorCredentials } from '../../domain/connector.ts'
import { baseUrlOf, buildCall } from '../../domain/connector-request.ts'
import { StepError } from '../../domain/errors.ts'
import { redactor } from '../../domain/redact.ts'
import { escapedSettings, fillSecrets } from '../../domain/secrets.ts'
import type { Connector } from '../../storage/connector.ts'
import { telling } from '../telling.ts'
import { createSend, type AuthenticationDeps } from './authenticate.ts'

export interface ConnectorTest {
  readonly connector: Connector
  readonly settings: { readonly [name: string]: string }
  readonly credentials: ConnectorCredentials
  /** Of OAuth 2.0. */
  readonly accessToken?: string
}

export interface ConnectorTester {
  /** Why the application takes no calls, with its answer and without credentials; undefined where it does, or there is no `test`. */
  test(about: ConnectorTest): Promise<string | undefined>
}

const TIMEOUT_MS = 20_000

export const createConnectorTester = ({ http }: Pick<AuthenticationDeps, 'http'>): ConnectorTester => ({
  async test({ connector: { definition }, settings, credentials, accessToken }) {
    const hidden = new Set([credentials.authValue, credentials.password, accessToken].flatMap(text => text ?? []))
    try {
      const baseUrl = baseUrlOf(definition, settings)
      if (definition.test === undefined) return undefined
      const built = buildCall(definition, definition.test, { settings: escapedSettings(settings) })
      const url = fillSecrets(built.url, () => undefined)
      const call = { ...built, url: typeof url === 'string' ? url : built.url, idempotencyKey: randomUUID(), timeoutMs: TIMEOUT_MS }
      const token = async (rejected: string | undefined): Promise<string> => {
        if (accessToken === undefined || rejected !== undefined) throw new StepError('notAuthenticated', 'The application refuses the access token')
        return accessToken
      }
      const told = telling(call, (text, max) => redactor(hidden)(text, max), true)
      const send = createSend({ http, token }, { authentication: definition.authentication, credentials, baseUrl, hidden })
      const answer = await send(call, new AbortController().signal, told.quote).catch(told.rethrow)
      return answer.status >= 200 && answer.status <= 299 ? undefined : told.answer(answer)
    } catch (error) {
      if (error instanceof StepError) return redactor(hidden)(error.detail)
      throw error
    }
  },
})
