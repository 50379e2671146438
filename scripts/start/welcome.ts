/** The list that a start ends in: addresses, credentials, and a line for each example that works when pasted. */
import { quote } from './examples.ts'
import type { SeededExample } from './seed.ts'

export interface WelcomeFacts {
  readonly publicUrl: string
  readonly temporalUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly examples: readonly SeededExample[]
  /** What is wrong, where something is. */
  readonly notice?: string
  /** How it is stopped, and where its data is. */
  readonly footer: readonly string[]
}

export function welcome(facts: WelcomeFacts): string {
  const token = ['curl', '-sS', '-u', `${facts.clientId}:${facts.clientSecret}`, '-d', 'grant_type=client_credentials', `${facts.publicUrl}/oauth/token`]
  const lines = [
    '',
    'Flywheel runs.',
    '',
    `  API            ${facts.publicUrl}`,
    `  Temporal UI    ${facts.temporalUrl}`,
    `  Client id      ${facts.clientId}`,
    `  Client secret  ${facts.clientSecret}`,
    '',
    '# A token for the API:',
    token.map(quote).join(' '),
  ]
  if (facts.notice !== undefined) lines.push('', `Something is wrong: ${facts.notice}`)
  for (const example of facts.examples) {
    lines.push('', `# ${example.name}: ${example.description}`)
    for (const { title, curl } of example.lines) lines.push(`#   ${title}`, curl)
  }
  return [...lines, '', ...facts.footer, ''].join('\n')
}
