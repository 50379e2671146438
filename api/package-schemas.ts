/** What the calls about packages in accounts answer, in our own names; `api/wire.ts` makes PascalCase of them. */
import { z } from 'zod'

const instant = () => z.string().meta({ format: 'date-time' })
const guid = () => z.string().meta({ format: 'uuid' })
const id = () => z.number().meta({ type: 'integer', minimum: 1 })

export const operation = z.object({
  id: guid(),
  kind: z.enum(['Install', 'Uninstall', 'Start', 'Stop']),
  packageId: id().nullable().describe('null of a template that LAUNCH installs.'),
  templateId: guid().nullable().describe('Of a template that LAUNCH installs.'),
  status: z.enum(['Running', 'Completed', 'Failed']).describe('Failed: nothing of it is left.'),
  errors: z.array(z.string()).describe('Why it failed; of an installation that was made: which of its cycles could not start, and why.'),
  startedOnUtc: instant(),
  endedOnUtc: instant().nullable(),
})

const packageCycle = z.object({
  cycleId: guid(),
  name: z.string(),
  status: z.enum(['Paused', 'Active', 'Stopping', 'Stopped']),
  templateId: guid(),
  templateReleaseId: guid(),
  webhooks: z.array(z.object({ stepId: z.string(), stepName: z.string(), url: z.string().meta({ format: 'uri' }) })),
})

export const accountPackage = z.object({
  id: id(),
  marketplaceId: id(),
  name: z.string(),
  description: z.string(),
  image: z.string().meta({ format: 'uri' }).nullable(),
  status: z
    .enum(['NotInstalled', 'Installed', 'Started', 'Stopped'])
    .describe('Installed: its cycles were never started. Stopped: not all of its cycles were started, or they were stopped.'),
  installedOnUtc: instant().nullable(),
  operation: operation.nullable().describe('The one that is under way.'),
  cycles: z.array(packageCycle).describe("In the package's order of templates."),
})
