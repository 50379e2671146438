/** Writes openapi.json from the table of routes; with `--check` it only says whether the committed one is that. */
import { readFileSync, writeFileSync } from 'node:fs'
import { openApi } from '../api/docs/openapi.ts'
import { routes } from '../api/routes/index.ts'

const file = new URL('../openapi.json', import.meta.url)
const text = `${JSON.stringify(openApi(routes), null, 2)}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(file, text)
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('openapi.json is not what the routes say: run tsx scripts/openapi.ts and commit it.')
  process.exitCode = 1
}
