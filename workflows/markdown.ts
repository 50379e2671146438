/** Text as code, in current details. */
export const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``
