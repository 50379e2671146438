/** What a call authenticates itself with: never told, whether it came from a secret or not (cycles.md 5). */
import { basicCredentials } from '../../domain/known-secrets.ts'
import { toText } from '../../domain/merge.ts'
import { isJsonObject } from '../../domain/objects.ts'
import type { OutgoingCall } from '../contract.ts'

const HEADERS = new Set(['authorization', 'proxy-authorization'])

/** As it was given and as it is sent; of a call with its secrets filled in. */
export const credentialsOf = ({ url, headers, auth }: Pick<OutgoingCall, 'url' | 'headers' | 'auth'>): string[] =>
  [...ofUrl(url), ...ofHeaders(headers), ...ofAuth(auth)].filter(text => text !== '')

function ofUrl(text: string): string[] {
  if (!URL.canParse(text)) return []
  const { username, password } = new URL(text)
  if (password === '') return []
  return [password, basicCredentials(decoded(username), decoded(password)), decoded(password)]
}

function ofHeaders(headers: OutgoingCall['headers']): string[] {
  if (!isJsonObject(headers)) return []
  return Object.entries(headers).flatMap(([name, value]) => (HEADERS.has(name.toLowerCase()) ? ofHeader(toText(value)) : []))
}

/** Behind the scheme, where there is one; of basic authentication the password too. */
function ofHeader(value: string): string[] {
  const [, scheme = '', credentials = value] = /^([\w-]+) +(.*)$/s.exec(value) ?? []
  if (scheme.toLowerCase() !== 'basic') return [credentials]
  return [
    credentials,
    Buffer.from(credentials, 'base64')
      .toString('utf8')
      .replace(/^[^:]*:/, ''),
  ]
}

function ofAuth(auth: OutgoingCall['auth']): string[] {
  if (!isJsonObject(auth)) return []
  const part = (name: string): string => toText(auth[name] ?? null)
  if (part('type') === 'basic') return [part('password'), basicCredentials(part('username'), part('password'))]
  return [part('token'), part('value')].flatMap(ofHeader)
}

/** Percent-decoded; as it stands where it cannot be. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
