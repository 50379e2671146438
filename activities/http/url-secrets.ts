/** How secrets come back that were written into a URL: a URL takes them apart (cycles.md 5). */
import { fillText } from '../../domain/secrets.ts'
import { decoded } from './credentials.ts'

const DELIMITERS = /[/\\?#&=;:@]/
/** Shorter parts are left: masked everywhere, they would make a detail unreadable. */
const LEAST = 6

/** Forms besides the secrets themselves. `url`: with its references. */
export function urlSecretsOf(url: string, secrets: ReadonlyMap<string, string>): string[] {
  const forms = new Set<string>()
  fillText(url, name => {
    const secret = secrets.get(name) ?? ''
    for (const part of [secret, ...secret.split(DELIMITERS)].filter(({ length }) => length >= LEAST)) {
      forms.add(part)
      // As a server reads it, in a path and in a query; and in a host's name.
      for (const text of [part, part.replaceAll('+', ' ')]) forms.add(decoded(text))
      forms.add(part.toLowerCase())
    }
    return ''
  })
  return [...forms]
}
