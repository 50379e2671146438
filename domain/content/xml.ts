/** XML bodies as JSON, by the table of webhooks.md 3. */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { Json } from '../json.ts'

/** The text is no well-formed XML document, or has a DTD or an entity of its own. */
export class XmlSyntaxError extends Error {
  override readonly name = 'XmlSyntaxError'
}

// Everything as written, in order: what the table asks for is done here, and entities strictly.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 1_000,
  // A mark in front keeps names apart from what the parser itself puts beside them, and from names that it refuses (`constructor`).
  transformTagName: name => (name.startsWith('<') ? name : `<${name}`),
  onDangerousProperty: name => name,
})

const PREDEFINED: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
// oxlint-disable-next-line no-control-regex
const EXCLUDED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u
const OPAQUE = [
  { open: '<!--', close: '-->', outline: '' },
  { open: '<![CDATA[', close: ']]>', outline: 'data' },
] as const
const BLANK = /^[ \t\r\n]*$/

/**
 * An object whose one key is the document element: repeated elements as lists, attributes as `@name`, text beside attributes or elements as `#text`,
 * leaves as strings. Throws `XmlSyntaxError`.
 */
export function parseXml(text: string): Json {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text
  if (EXCLUDED.test(source)) throw new XmlSyntaxError('the document has characters that XML excludes')
  const outline = outlineOf(source).trim()
  if (!outline.startsWith('<') || !outline.endsWith('>')) throw new XmlSyntaxError('the document begins or ends with something else than an element')
  if (outline.includes('<!')) throw new XmlSyntaxError('a document type definition is not allowed')
  const verdict = XMLValidator.validate(source)
  if (verdict !== true) throw new XmlSyntaxError(`${verdict.err.msg} (line ${verdict.err.line}, column ${verdict.err.col})`)
  const nodes = read(source).map(parseNode)
  const elements = nodes.filter(node => node.kind === 'element')
  const [root] = elements
  if (root === undefined || elements.length > 1) throw new XmlSyntaxError('there must be exactly one document element')
  if (nodes.some(node => node.kind === 'cdata' || (node.kind === 'text' && !BLANK.test(node.text))))
    throw new XmlSyntaxError('there is text outside the document element')
  return Object.fromEntries([[root.name, valueOf(root)]])
}

/** The document without comments, and with a word for each CDATA section. Takes one pass, whatever the text. */
function outlineOf(source: string): string {
  let outline = ''
  let from = 0
  for (let at = source.indexOf('<!'); at >= 0; at = source.indexOf('<!', from)) {
    const section = OPAQUE.find(({ open }) => source.startsWith(open, at))
    const end = section === undefined ? at + 2 : source.indexOf(section.close, at + section.open.length)
    if (end < 0) throw new XmlSyntaxError('a comment or CDATA section does not end')
    outline += source.slice(from, at) + (section?.outline ?? '<!')
    from = section === undefined ? end : end + section.close.length
  }
  return outline + source.slice(from)
}

function read(source: string): unknown[] {
  try {
    const tree: unknown = parser.parse(source)
    return Array.isArray(tree) ? tree : []
  } catch (error) {
    throw new XmlSyntaxError(error instanceof Error ? error.message : String(error))
  }
}

interface Element {
  readonly kind: 'element'
  readonly name: string
  readonly attributes: readonly (readonly [string, string])[]
  readonly children: readonly Node[]
}
type Node = Element | { readonly kind: 'text' | 'cdata'; readonly text: string }

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === 'object' && value !== null

/** The parser's nodes are objects of one key, beside `:@` for the attributes. */
function parseNode(node: unknown): Node {
  const [entry] = isRecord(node) ? Object.entries(node).filter(([name]) => name !== ':@') : []
  if (!isRecord(node) || entry === undefined) throw new XmlSyntaxError('the document cannot be read')
  const [name, content] = entry
  if (name === '#text') return { kind: 'text', text: decodeEntities(String(content)) }
  const children = Array.isArray(content) ? content : []
  if (name === '#cdata') return { kind: 'cdata', text: children.map(child => (isRecord(child) ? String(child['#text'] ?? '') : '')).join('') }
  const attributes = isRecord(node[':@']) ? Object.entries(node[':@']) : []
  return {
    kind: 'element',
    name: name.slice(1),
    attributes: attributes.map(([key, value]) => [key, attributeValue(String(value))]),
    children: children.map(parseNode),
  }
}

function attributeValue(raw: string): string {
  if (raw.includes('<')) throw new XmlSyntaxError('an attribute has a <')
  return decodeEntities(raw.replace(/\r\n|[\r\n\t]/g, ' '))
}

function decodeEntities(raw: string): string {
  if (raw.includes(']]>')) throw new XmlSyntaxError('text has ]]>')
  return raw.replace(/&([^;&<]{0,32};?)/g, (_, reference: string) => {
    const name = reference.endsWith(';') ? reference.slice(0, -1) : ''
    const predefined = Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined
    if (predefined !== undefined) return predefined
    const number = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name)
    const code = number?.[1] !== undefined ? parseInt(number[1], 16) : number?.[2] !== undefined ? Number(number[2]) : -1
    if (code < 0 || code > 0x10ffff || EXCLUDED.test(String.fromCodePoint(code)))
      throw new XmlSyntaxError(`&${name || reference} is not an entity that can be used`)
    return String.fromCodePoint(code)
  })
}

function valueOf({ attributes, children }: Element): Json {
  const elements = children.filter(child => child.kind === 'element')
  const texts = children.filter(child => child.kind !== 'element')
  const text = texts.map(child => child.text).join('')
  if (attributes.length === 0 && elements.length === 0) return text
  const properties = new Map<string, Json>(attributes)
  const repeated = new Map<string, Json[]>()
  for (const element of elements) {
    const value = valueOf(element)
    const list = repeated.get(element.name)
    if (list) list.push(value)
    else repeated.set(element.name, [value])
  }
  for (const [name, [first, ...others]] of repeated) properties.set(name, others.length === 0 ? (first ?? '') : [first ?? '', ...others])
  // Beside elements the white space around the text is the layout of the document.
  const visible = elements.length === 0 ? text : text.trim()
  if (!BLANK.test(visible)) properties.set('#text', visible)
  return Object.fromEntries(properties)
}
