/**
 * How deep a YAML text nests, told from its lines before it is parsed: the parser recurses, and a stack that is nearly full does not only
 * throw (V8 ends the process where a regular expression is compiled there).
 */

const MAX_DEPTH = 200
const INDICATORS = /^(?:[-?:][ \t]+)*(?:[-?:]$)?/

/** Whether indentation, compact `- - -` and brackets together nest deeper than any real document. Brackets within text count too. */
export function nestsTooDeeply(text: string): boolean {
  const indents: number[] = []
  let brackets = 0
  for (const line of text.split(/\r?\n/)) {
    const content = line.trimStart()
    if (content === '') continue
    const indent = line.length - content.length
    while ((indents.at(-1) ?? -1) >= indent) indents.pop()
    indents.push(indent)
    const compact = (INDICATORS.exec(content)?.[0] ?? '').replace(/[ \t]+/g, '').length
    for (let i = 0; i < content.length; i++) {
      const c = content[i]
      if (c === '[' || c === '{') brackets++
      else if ((c === ']' || c === '}') && brackets > 0) brackets--
      if (indents.length + compact + brackets > MAX_DEPTH) return true
    }
  }
  return false
}
