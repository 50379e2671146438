/**
 * The one-shots of docker compose (docker-compose.yml): `credentials` writes the credentials to `DATA_DIR`, `seed` applies the examples
 * to the API at `API_URL` where its registry is empty, and prints what a newcomer needs.
 */
import { resolve } from 'node:path'
import { createApiClient, waitReady } from './api-client.ts'
import { ensureCredentials, writeCredentials } from './credentials.ts'
import { readExamples } from './examples.ts'
import { seedWherePossible } from './seed.ts'
import { welcome } from './welcome.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../examples')
const READY = 120_000

function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is missing`)
  return value
}

async function applyExamples(): Promise<void> {
  const apiUrl = variable('API_URL')
  const { clientId, clientSecret } = ensureCredentials(variable('DATA_DIR'), {})
  const notReady = await waitReady(apiUrl, READY)
  if (notReady !== undefined) throw new Error(`the API at ${apiUrl} does not come up: ${notReady}`)
  const seeded = await seedWherePossible(await createApiClient(apiUrl, clientId, clientSecret), readExamples(EXAMPLES), apiUrl)
  const footer = ['Stop with docker compose down; the data stays in its volumes. These lines again: docker compose logs --no-log-prefix seed']
  console.log(
    welcome({
      publicUrl: variable('PUBLIC_URL'),
      temporalUrl: `${variable('TEMPORAL_UI_URL')}/namespaces/flywheel/workflows`,
      clientId,
      clientSecret,
      ...seeded,
      footer,
    }),
  )
}

if (process.argv[2] === 'credentials') writeCredentials(variable('DATA_DIR'), process.env)
else await applyExamples()
