/** Places in a document as people read them: `steps[1].method`, `steps[0].headers["X-Order"]`. */
export function placeText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = String(key)
    if (!/^[A-Za-z_$@][\w$-]*$/.test(name)) return `${text}[${JSON.stringify(name.slice(0, 100))}]`
    return text === '' ? name : `${text}.${name}`
  }, '')
}

/** The value at a place; undefined where there is none. */
export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined), input)
}

const PART = /(?:^|\.)([A-Za-z_$@][\w$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/gy

/** The parts of a place as `placeText` writes it; where it is none, those before. */
export function pathOfText(text: string): (string | number)[] {
  return Array.from(text.matchAll(PART), ([, name, index, quoted]) => name ?? (index === undefined ? unquoted(quoted ?? '""') : Number(index)))
}

function unquoted(text: string): string {
  const name: unknown = JSON.parse(text)
  return String(name)
}
