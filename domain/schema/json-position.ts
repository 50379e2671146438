/** Where a JSON text goes wrong: `JSON.parse` of some Node versions does not say. */

const BLANK = /[ \t\r\n]*/y
// oxlint-disable-next-line no-control-regex
const SCALAR = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
// oxlint-disable-next-line no-control-regex
const NAME = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

/** What is expected at a position. `value?`: a value, or the end of an empty list. */
type Expected = 'value' | 'value?' | 'name' | 'name?' | 'colon' | 'more' | 'end'

const told: { readonly [E in Expected]: string } = {
  value: 'a value is expected',
  'value?': 'a value or ] is expected',
  name: 'a property name in double quotes is expected',
  'name?': 'a property name in double quotes or } is expected',
  colon: 'a colon is expected',
  more: 'a comma or the closing bracket is expected',
  end: 'nothing more is expected',
}

/** The offset at which the text is no JSON any more, and what would be right there; undefined where it is JSON. */
export function jsonError(text: string): { readonly offset: number; readonly expected: string } | undefined {
  const open: string[] = []
  let at = 0
  let expected: Expected = 'value'
  const after = (): Expected => (open.length > 0 ? 'more' : 'end')
  const token = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }
  for (;;) {
    token(BLANK)
    const c = text[at]
    if (c === undefined && expected === 'end') return undefined
    const closes = (expected === 'more' || expected === 'value?' || expected === 'name?') && c !== undefined && c === open.at(-1)
    if (closes) {
      at++
      open.pop()
      expected = after()
    } else if ((expected === 'value' || expected === 'value?') && (c === '{' || c === '[')) {
      at++
      open.push(c === '{' ? '}' : ']')
      expected = c === '{' ? 'name?' : 'value?'
    } else if ((expected === 'value' || expected === 'value?') && token(SCALAR)) expected = after()
    else if ((expected === 'name' || expected === 'name?') && token(NAME)) expected = 'colon'
    else if (expected === 'colon' && c === ':') {
      at++
      expected = 'value'
    } else if (expected === 'more' && c === ',') {
      at++
      expected = open.at(-1) === '}' ? 'name' : 'value'
    } else return { offset: at, expected: told[expected] }
  }
}
