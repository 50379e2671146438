import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { signatureOf } from '../../activities/signature.ts'
import { changedBody, installedBody } from '../../domain/notification-body.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/notifications.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'flywheel-samples-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The page's block in that language. */
function sample(language: string): string {
  const found = page.split(`\`\`\`${language}\n`)[1]?.split('```')[0]
  if (found === undefined) throw new Error(`docs/notifications.md has no sample in ${language}`)
  return found
}

interface Case {
  readonly secret: string
  readonly id: string
  readonly timestamp: string
  readonly signatures: string
  readonly body: string
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`
const [secret, old] = [newSecret(), newSecret()]
const id = '7d0f3a52-2f0c-4f6e-9a53-9d5f0c8f2a11'
const body = '{"Status":"started","AccountApiId":"Größe \u2028 😀 </script>"}'
const now = Math.floor(Date.now() / 1_000)
const signed = (at = now, secrets: readonly string[] = [secret]): Case => ({
  secret,
  id,
  timestamp: String(at),
  signatures: signatureOf(secrets, id, at, body),
  body,
})

const genuine: readonly Case[] = [signed(), signed(now, [newSecret(), secret]), { ...signed(now, [secret, old]), secret: old }, signed(now - 200)]
const forged: readonly Case[] = [
  { ...signed(), secret: old },
  { ...signed(), body: `${body} ` },
  { ...signed(), id: 'another' },
  { ...signed(), timestamp: String(now - 1) },
  signed(now - 1_000),
  signed(now + 1_000),
  { ...signed(), timestamp: 'soon' },
  { ...signed(), signatures: signed().signatures.replace('v1,', 'v2,') },
  { ...signed(), signatures: '' },
  { ...signed(), signatures: 'v1,ü v1, v1' },
]

/** How each language reads the cases and tells its verdicts, each as JSON; a body is in base64. */
const LANGUAGES = {
  js: {
    program: process.execPath,
    files: () => ({
      'verify.mjs': sample('js'),
      'main.mjs':
        "import { readFileSync } from 'node:fs'\nimport { isGenuine } from './verify.mjs'\n" +
        "const cases = JSON.parse(readFileSync(0, 'utf8'))\n" +
        "console.log(JSON.stringify(cases.map(c => isGenuine(c.secret, c.id, c.timestamp, c.signatures, Buffer.from(c.body, 'base64')))))\n",
    }),
    args: ['main.mjs'],
    version: '--version',
  },
  python: {
    program: 'python3',
    files: () => ({
      'verify.py': sample('python'),
      'main.py':
        'import base64, json, sys\nfrom verify import is_genuine\ncases = json.load(sys.stdin)\n' +
        'print(json.dumps([is_genuine(c["secret"], c["id"], c["timestamp"], c["signatures"], base64.b64decode(c["body"])) for c in cases]))\n',
    }),
    args: ['main.py'],
    version: '--version',
  },
  go: {
    program: 'go',
    files: () => ({
      'go.mod': 'module sample\n\ngo 1.21\n',
      'verify.go': sample('go'),
      'main.go':
        'package main\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\n' +
        'func main() {\n\tvar cases []struct {\n\t\tSecret, ID, Timestamp, Signatures string\n\t\tBody []byte\n\t}\n' +
        '\tif err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {\n\t\tpanic(err)\n\t}\n\tverdicts := []bool{}\n' +
        '\tfor _, c := range cases {\n\t\tverdicts = append(verdicts, isGenuine(c.Secret, c.ID, c.Timestamp, c.Signatures, c.Body))\n\t}\n' +
        '\tif err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {\n\t\tpanic(err)\n\t}\n}\n',
    }),
    args: ['run', '.'],
    version: 'version',
  },
} as const

function isThere({ program, version }: { readonly program: string; readonly version: string }): boolean {
  try {
    execFileSync(program, [version], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('the samples of docs/notifications.md', () => {
  for (const [name, language] of Object.entries(LANGUAGES)) {
    it.skipIf(!isThere(language))(
      `in ${name}: what was signed is genuine, all else is not`,
      () => {
        const cwd = mkdtempSync(join(folder, name))
        for (const [file, text] of Object.entries(language.files())) writeFileSync(join(cwd, file), text)
        const input = JSON.stringify([...genuine, ...forged].map(one => ({ ...one, body: Buffer.from(one.body).toString('base64') })))
        const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' }
        const verdicts: boolean[] = JSON.parse(execFileSync(language.program, language.args, { cwd, input, env, encoding: 'utf8' }))
        expect(verdicts).toEqual([...genuine.map(() => true), ...forged.map(() => false)])
      },
      180_000,
    )
  }

  it('of bodies are what is sent', () => {
    const facts = { account: { id: '6f9619ff-8b86-4d01-b42d-00c04fc964ff', apiId: 'acme' }, packageId: 1234, completeParameter: 'order-77' }
    const webhooks = [{ url: 'https://flywheel.example.com/api/webhook/5Kd3NBUAdUnhyzenEwVLyp', stepName: 'Order received' }]
    const templates = { templateId: '7c9e6679-7425-40de-944b-e07fc1f90ae7', templateReleaseId: '16fd2706-8baf-433b-82eb-8c7fada847da' }
    const cycle = { id: '0f8fad5b-d9cb-469f-a165-70867728950e', status: 'Active' as const, webhooks, ...templates }
    const account = { ...facts.account, userId: '886313e1-3b8a-5372-9b90-0c9aee199e5d' }
    expect(page).toContain(`\n${installedBody({ ...facts, account, cycles: [cycle], errors: [] })}\n`)
    for (const status of ['uninstalled', 'started', 'stopped'] as const) expect(page).toContain(`\n${changedBody(status, facts)}\n`)
  })
})
