/** Writes `.env.example` and `docs/configuration.md` from the table of configuration; `--check` only tells whether they are as they should be. */
import { TABLE, type Setting } from '../platform/config-table.ts'
import { generate } from './generated.ts'

const settings: readonly Setting<unknown>[] = Object.values(TABLE)
const groups = [...new Set(settings.map(setting => setting.group))]
const inGroup = (group: string): readonly Setting<unknown>[] => settings.filter(setting => setting.group === group)

/** Each variable commented out, with its default or, where it has none, empty. */
function envExample(): string {
  const lines = [
    '# Configuration of Flywheel. Copy it to .env; what is set in the environment wins.',
    '# NAME_FILE instead of NAME reads the value from a file.',
  ]
  for (const group of groups) {
    lines.push('', `## ${group}`)
    for (const setting of inGroup(group)) lines.push('', `# ${setting.meaning}`, `#${setting.name}=${setting.fallback ?? ''}`)
  }
  return `${lines.join('\n')}\n`
}

/** The same as a page of the docs. */
function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    'Environment variables, parsed once at start. A wrong or missing one stops the process with a message that names it and says what is expected.',
    'Each may also be given as `NAME_FILE`, the path of a file that holds the value. This page is generated: `npm run env-example`.',
  ]
  for (const group of groups) {
    lines.push('', `## ${group}`, '', '| variable | default | read by | meaning |', '| --- | --- | --- | --- |')
    for (const setting of inGroup(group)) {
      const fallback = setting.fallback === undefined ? 'none' : setting.fallback === '' ? 'empty' : `\`${setting.fallback}\``
      const processes = setting.processes.map(process => (process === 'start' ? '`npm start`' : process)).join(', ')
      lines.push(`| \`${setting.name}\` | ${fallback} | ${processes} | ${setting.meaning.replaceAll('|', '\\|')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

await generate(
  [
    { path: '.env.example', make: envExample },
    { path: 'docs/configuration.md', make: configurationPage },
  ],
  'npm run env-example',
)
