import { Select } from './form.tsx'
import { LANGUAGES } from './language.ts'

interface Choice {
  name?: string
  label: string
  /** What is chosen until somebody chooses: a language we have no page in stays one of the choices. */
  value: string
  /** Whether none may be chosen. */
  none?: boolean
}

/** One of the languages there are, by the name it has in itself. */
export function LanguageSelect({ name = 'language', label, value, none }: Choice) {
  const ours = Object.entries(LANGUAGES).map(([code, { name: own }]) => [code, own] as const)
  const other = value !== '' && !(value in LANGUAGES) ? [[value, ownName(value)] as const] : []
  return (
    <Select
      name={name}
      label={label}
      value={value}
      options={[...(none ? [['', '–'] as const] : []), ...other, ...ours]}
    />
  )
}

/** The first of the languages somebody speaks, for letters and papers; the others go along unseen, and are kept. */
export function Spoken(props: { label: string; languages: readonly string[]; otherwise: string; none?: boolean }) {
  const { label, languages, otherwise, none = false } = props
  return (
    <>
      <input type="hidden" name="spoken" value={languages.join(' ')} />
      <LanguageSelect name="speaks" label={label} value={languages[0] ?? otherwise} none={none} />
    </>
  )
}

/** @returns what `Spoken` says now; undefined where nothing is chosen */
export function spokenIn(form: { get(name: string): string }): string[] | undefined {
  const [first = '', ...others] = [form.get('speaks'), ...form.get('spoken').split(' ')]
  return first === '' ? undefined : [first, ...others.filter((code) => code !== '' && code !== first)]
}

function ownName(code: string): string {
  return new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code
}
