/** What an application sends a user back with (RFC 6749, 4.1.2). */
import * as oauth from 'oauth4webapi'

/** The callback's parameters where they hold a code; else why not, for people. `urls`: those that the document names. */
export function answerOf(parameters: URLSearchParams, state: string, clientId: string, urls: readonly string[]): URLSearchParams | string {
  const issuer = parameters.get('iss')
  // Documents name no issuer: an answer that says whose it is (RFC 9207) must at least be of a host that they name.
  const origins = urls.map(url => new URL(url).origin)
  if (issuer !== null && !(URL.canParse(issuer) && origins.includes(new URL(issuer).origin))) return 'The answer is of another server'
  try {
    const read = oauth.validateAuthResponse({ issuer: issuer ?? origins.join() }, { client_id: clientId }, parameters, state)
    return read.has('code') ? read : 'The answer has no code'
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) return 'The answer cannot be read'
    return [error.error, error.error_description].filter(part => part !== undefined).join(': ')
  }
}
