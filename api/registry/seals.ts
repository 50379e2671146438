import type { AccountConnector } from '../../storage/account-connector.ts'
import type { Services } from '../services.ts'

/** Why the sealed texts in a value cannot be used here; undefined where all of them open. */
export function sealProblem(sealer: Pick<Services['sealer'], 'open' | 'isSealed'>, value: unknown): string | undefined {
  for (let open: unknown[] = [value]; open.length > 0;) {
    const one = open.pop()
    if (typeof one === 'string' && sealer.isSealed(one)) {
      try {
        sealer.open(one)
      } catch (error) {
        return `a secret of it: ${error instanceof Error ? error.message : String(error)}`
      }
    } else if (typeof one === 'object' && one !== null) open.push(...Object.values(one))
  }
  return undefined
}

/** Credentials that somebody wrote in clear are sealed. */
export function sealedCredentials(sealer: Pick<Services['sealer'], 'seal' | 'isSealed'>, value: AccountConnector): AccountConnector {
  const { credentials } = value
  return credentials === '' || sealer.isSealed(credentials) ? value : { ...value, credentials: sealer.seal(credentials) }
}
