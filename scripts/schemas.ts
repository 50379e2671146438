/** Writes the JSON Schemas of documents to `schemas/`; with `--check` it only fails where a committed one is out of date. */
import { readFile, writeFile } from 'node:fs/promises'
import { format } from 'prettier'
import { connectorJsonSchema, jsonSchema } from '../domain/schema/index.ts'

for (const [name, schema] of Object.entries({ cycle: jsonSchema(), connector: connectorJsonSchema() })) {
  const file = new URL(`../schemas/${name}.json`, import.meta.url)
  const wanted = await format(JSON.stringify(schema), { parser: 'json', printWidth: 160 })
  if (!process.argv.includes('--check')) await writeFile(file, wanted)
  else if ((await readFile(file, 'utf8').catch(() => '')) !== wanted) {
    console.error(`schemas/${name}.json is out of date: run \`npx tsx scripts/schemas.ts\` and commit it`)
    process.exitCode = 1
  }
}
