/** From what a caller sends to the connector document that is kept: size, form, rules, script. */
import type { ConnectorDocument } from '../../domain/connector.ts'
import { ApiError } from '../../domain/errors.ts'
import { DOCUMENT_MAX, parseConnector, parseConnectorText } from '../../domain/schema/index.ts'
import { documentInvalid, scriptProblem } from '../cycles/definition.ts'
import { YamlText } from '../route.ts'
import type { Services } from '../services.ts'

/** Throws `document_too_large`, or `document_invalid` with everything that is wrong. */
export async function readConnector({ scripting }: Pick<Services, 'scripting'>, input: unknown): Promise<ConnectorDocument> {
  const size = Buffer.byteLength(input instanceof YamlText ? input.text : (JSON.stringify(input) ?? ''))
  if (size > DOCUMENT_MAX) throw new ApiError('document_too_large', `The document has ${size} bytes; at most ${DOCUMENT_MAX} (256 KiB) are taken.`)
  const parsed = input instanceof YamlText ? parseConnectorText(input.text, 'yaml') : parseConnector(input)
  if (!parsed.ok) throw documentInvalid(parsed.problems)
  const { script = '' } = parsed.document
  const message = script === '' ? undefined : await scriptProblem(scripting, script, 'script')
  if (message !== undefined) throw documentInvalid([{ path: 'script', message }])
  return parsed.document
}
