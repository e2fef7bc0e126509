/** "For at least one year", "two", "{n}": the numbers that profiles ask for, in words that agree with them. */
export function atLeastText(
  texts: { atLeastYears: string; atLeastYears1: string; atLeastYears2: string },
  years: number,
): string {
  if (years === 1) return texts.atLeastYears1
  return years === 2 ? texts.atLeastYears2 : texts.atLeastYears.replace('{n}', String(years))
}
