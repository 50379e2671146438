import { ScriptError } from '../../scripting/scripting.ts'
import { bounded } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import type { BeforeScript } from './scripts.ts'

type Needs = Pick<WebhookDeps, 'connectors' | 'scripting'>

/** The script of a step's connector, as it is now; undefined where it has no `before_webhook`. Throws `ScriptError` where there is no such connector: it may have been what kept others out. */
export async function connectorScript(deps: Needs, name: string): Promise<BeforeScript | undefined> {
  const found = await bounded(deps.connectors.byName(name))
  if (found === undefined) throw new ScriptError('threw', `There is no connector ${JSON.stringify(name)} any more`)
  return beforeOf(deps, found.value.definition.script)
}

/** A script where it has `before_webhook`. Throws `ScriptError` where it cannot be looked at. */
export async function beforeOf({ scripting }: Pick<WebhookDeps, 'scripting'>, source: string | undefined): Promise<BeforeScript | undefined> {
  if (source === undefined || source === '') return undefined
  return (await scripting.defines(source, ['before_webhook'])).has('before_webhook') ? { source, parameters: {} } : undefined
}
