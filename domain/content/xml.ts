/** XML bodies as JSON, by the table of webhooks.md 3. */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { Json } from '../json.ts'
export function parseXml(text: string): Json {
  return new XMLParser().parse(text)
}
void XMLValidator
