/** The partner's client at the application of one account connector: its document's `authentication`, filled with the account's settings. */
import { StepError } from '../../../domain/errors.ts'
import type { Opener } from '../../../domain/known-secrets.ts'
import type { Connector } from '../../../storage/connector.ts'
import type { ClientAuth, OAuthClient } from './endpoint.ts'

export interface Application {
  readonly grant: 'authorizationCode' | 'clientCredentials'
  readonly client: OAuthClient
  readonly authorizeUrl?: string
  readonly scopes: readonly string[]
  readonly pkce: boolean
}

type Settings = { readonly [name: string]: string }

/** Throws `StepError` `notAuthenticated` where the connector is not of OAuth 2.0, or something is missing. */
export function applicationOf(connector: Connector, settings: Settings, sealer: Opener, auth?: ClientAuth): Application {
  const { authentication } = connector.definition
  const wrong = (what: string): StepError => new StepError('notAuthenticated', `The connector ${connector.name} ${what}`)
  if (authentication.type !== 'oauth2') throw wrong('does not use OAuth 2.0')
  const { oauthClientId: id, oauthClientSecret: sealed } = connector
  if (id === undefined) throw wrong('has no OAuthClientId')
  const { grant, tokenUrl, authorizeUrl, scopes = [], pkce = true } = authentication
  const secret = sealed === undefined ? undefined : sealer.open(sealed)
  return {
    grant,
    client: { tokenUrl: urlWith(tokenUrl, settings), id, ...(secret === undefined ? {} : { secret }), ...(auth === undefined ? {} : { auth }) },
    ...(authorizeUrl === undefined ? {} : { authorizeUrl: urlWith(authorizeUrl, settings) }),
    scopes,
    pkce,
  }
}

const FIELD = /\{\{\s*settings\.([\w-]+)\s*\}\}/g
/** Of a host or one part of a path. The partner's secret is sent to the token URL: no account may lead it to another host. */
const PLAIN = /^[\w.~-]*$/

function urlWith(template: string, settings: Settings): string {
  const url = template.replaceAll(FIELD, (_, name: string) => {
    const value = settings[name] ?? ''
    if (!PLAIN.test(value))
      throw new StepError('notAuthenticated', `The setting ${name} stands in a URL of OAuth: only letters, digits, ".", "_", "~" and "-" may be in it`)
    return value
  })
  if (!URL.canParse(url)) throw new StepError('notAuthenticated', `${template} is no URL with these settings`)
  return url
}
