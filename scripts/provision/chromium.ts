/** A Chromium for the pictures and for the tests of the Temporal UI. */
import { elapsed, type Report } from './report.ts'
import { thisMachine, type Machine } from './redis.ts'
import { onPath, run } from './run.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const
const INSTALL = [['update'], ['install', '-y', '--no-install-recommends', 'chromium']] as const

export const CHROMIUM_ADVICE = 'There is no Chromium: install one on the PATH (apt-get install chromium), or name it in CHROMIUM'

/** `CHROMIUM`, else one on the PATH, else installed from the system's packages where the user is root; undefined where none can be had. */
export async function provideChromium(report: Report, machine: Machine = thisMachine(), env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const found = env.CHROMIUM ?? onPath(NAMES, machine.path)
  const aptGet = onPath(['apt-get'], machine.path)
  if (found !== undefined || !machine.root || aptGet === undefined) return found
  const began = Date.now()
  for (const args of INSTALL) {
    report.line(`Chromium is not installed: apt-get ${args.join(' ')}`)
    await run(aptGet, args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      onOutput: () => report.progress(`  installing Chromium … ${elapsed(began)}`),
    })
  }
  return onPath(NAMES, machine.path)
}
