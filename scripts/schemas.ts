/** Writes the JSON Schema of cycle documents to `schemas/cycle.json`; with `--check` it only fails where the committed one is out of date. */
import { readFile, writeFile } from 'node:fs/promises'
import { format } from 'prettier'
import { jsonSchema } from '../domain/schema/index.ts'

const file = new URL('../schemas/cycle.json', import.meta.url)
const wanted = await format(JSON.stringify(jsonSchema()), { parser: 'json', printWidth: 160 })

if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '')
  if (committed !== wanted) {
    console.error('schemas/cycle.json is out of date: run `npx tsx scripts/schemas.ts` and commit it')
    process.exitCode = 1
  }
} else await writeFile(file, wanted)
