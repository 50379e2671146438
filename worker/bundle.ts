/** The workflows' code as Temporal's sandbox loads it: built once with the project, else from source. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker'
import { makeTemporalLogger, type LeveledLogger } from './temporal-logger.ts'

/** `dist/workflow-bundle.js` when this runs from `dist`. */
const PREBUILT = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url))

async function bundle(logger: LeveledLogger | undefined): Promise<string> {
  // Compiled files stand as .js beside each other, sources as .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const file = (name: string): string => fileURLToPath(new URL(`../workflows/${name}.${extension}`, import.meta.url))
  const { code } = await bundleWorkflowCode({
    workflowsPath: file('index'),
    preloadModules: [file('preload')],
    ...(logger === undefined ? {} : { logger: makeTemporalLogger(logger) }),
  })
  return code
}

/** The bundle for `Worker.create`: the prebuilt one where there is one, else made now (some seconds). */
export async function loadBundle(logger?: LeveledLogger): Promise<WorkflowBundleOption> {
  if (existsSync(PREBUILT)) return { codePath: PREBUILT }
  return { code: await bundle(logger) }
}
