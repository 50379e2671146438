/** docs/embed.md leads from nothing to an installed package, as it says. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { freePort } from '../../../scripts/provision/ports.ts'
import { flywheel, folder } from '../../cli/harness.ts'
import { until } from '../../support/until.ts'
import type { Rig } from './rig.ts'
import { press, tile } from './steps.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
/** Within the checkout: the server finds its packages there. */
const CACHE = join(ROOT, 'node_modules/.cache/flywheel-embed')

export function embedCases(rig: () => Rig): void {
  it('docs/embed.md leads from nothing to a page with the marketplace in it, as it says', async () => {
    const { system } = rig()
    const port = await freePort(0)
    const page = readFileSync(join(ROOT, 'docs/embed.md'), 'utf8')
      .replaceAll('localhost:4300', `localhost:${port}`)
      .replaceAll('listen(4300)', `listen(${port})`)
    const [steps = ''] = page.split('\n## What comes back')
    const blocks = [...steps.matchAll(/```(\w+)\n([^]*?)```/g)].map(([, kind = '', text = '']) => ({ kind, text, file: /^(?:#|\/\/) (\S+)\n/.exec(text)?.[1] }))
    const files = Object.fromEntries(blocks.flatMap(({ file, text }) => (file === undefined ? [] : [[file, text]])))
    const cwd = folder(files)
    const env = { FLYWHEEL_URL: system.apiUrl, CLIENT_ID: 'test', CLIENT_SECRET: system.clientSecret }
    let said = ''
    for (const line of blocks.filter(({ kind }) => kind === 'sh').flatMap(({ text }) => text.trim().split('\n'))) {
      const { code, out, err } = await flywheel(line.split(' ').slice(1), { env, cwd })
      expect([line, code, err]).toEqual([line, 0, ''])
      said += out
    }
    const secret = /whsec_\S+/.exec(said)?.[0] ?? ''
    const all = await system.client.call<readonly { Id: number; Name: string }[]>('GET', '/marketplaces?pageSize=500')
    const id = all.find(({ Name }) => Name === 'Integrations')?.Id ?? 0
    expect(said).toContain(String(id))

    mkdirSync(CACHE, { recursive: true })
    const home = mkdtempSync(join(CACHE, 'run-'))
    writeFileSync(join(home, 'server.mjs'), files['server.mjs'] ?? '')
    const server = spawn(process.execPath, ['server.mjs'], {
      cwd: home,
      env: { ...process.env, ...env, MARKETPLACE_ID: String(id), MARKETPLACE_SECRET: secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    server.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
    try {
      await until(async () => (await fetch(`http://localhost:${port}`)).ok, { what: 'the server of the guide' })
      const { context, page: browser } = await rig().visitor()
      await browser.goto(`http://localhost:${port}`)
      const frame = browser.frameLocator('iframe')
      await press(tile(frame, 'Welcome letters'), 'Install')
      await frame.getByLabel('Who signs it').fill('The team')
      await press(frame, 'Install')
      await frame.getByText('everybody is welcomed').waitFor()
      await press(frame, 'Close')
      await browser.getByText(`Installed. Send new members to ${system.apiUrl}/api/webhook/`).waitFor()
      await until(() => printed.includes('customer-42: installed, parameter: settings page'), { what: 'the notification of the guide' })

      const [popup] = await Promise.all([context.waitForEvent('page'), press(browser, 'Set one up in a window')])
      await popup.getByRole('heading', { level: 1 }).waitFor()
      expect(new URL(popup.url()).origin).toBe(system.apiUrl)
      await context.close()
    } finally {
      server.kill()
      rmSync(home, { recursive: true, force: true })
    }
  })
}
