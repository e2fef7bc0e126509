import { addressText } from '../../proofs/address-text.ts'
import { referenceAddressesOf } from '../../town/reference-addresses.ts'
import type { PageContext } from '../page-visit.ts'
import { DateField, type Faults, Field, Radios, Select } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import type { Typed } from './typed.ts'

/** From which day somebody lives there. */
export function SinceField({ t, typed, fault }: { t: Texts; typed: Typed; fault?: string | undefined }) {
  return (
    <DateField
      name="since"
      legend={t.dSince}
      hint={t.dSinceHint}
      fault={fault}
      labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
      value={(part) => typed[`since-${part}`] ?? ''}
    />
  )
}

/** Where somebody lives: every kind is a whole answer. */
export function AddressFields(props: {
  context: Pick<PageContext, 't' | 'town'>
  typed: Typed
  faults?: Faults
  /** Where the question begins a part of its page. */
  heading?: boolean
  /** Asked of whom it is about. */
  own?: boolean
}) {
  const { context, typed, faults = {}, heading, own } = props
  const { t, town } = context
  const value = (name: string) => typed[name] ?? ''
  const places = referenceAddressesOf(town).map((referenceAddress) =>
    addressText({ kind: 'no-fixed-address', referenceAddress }),
  )
  return (
    <>
      <Radios
        name="where"
        legend={t.dWhere}
        heading={heading ?? false}
        value={value('where')}
        fault={faults.where}
        choices={[
          { value: 'dwelling', label: t.dKindDwelling },
          {
            value: 'no-fixed-address',
            label: t.dKindNone,
            hint: places.length > 1 ? t.dKindNoneHint : `${t.dKindNoneHint} (${places[0]})`,
          },
          { value: 'informal-dwelling', label: t.dKindInformal },
          { value: 'collective', label: t.dKindCollective },
        ]}
      />
      <div class="when-none">
        <Field name="usual" label={own ? t.mUsual : t.dUsual} value={value('usual')} auto fault={faults.usual} />
        {places.length > 1 ? (
          <Select
            name="keptAt"
            label={own ? t.mKept : t.dKept}
            value={value('keptAt')}
            options={[['', t.dNearest], ...places.map((place, i) => [String(i), place] as const)]}
            fault={faults.keptAt}
          />
        ) : (
          ''
        )}
      </div>
      <div class="when-described">
        <Field name="description" label={t.dDescription} value={value('description')} auto fault={faults.description} />
      </div>
      <div class="when-placed">
        <Field name="street" label={t.dStreet} value={value('street')} auto fault={faults.street} />
        <div class="row">
          <Field name="number" label={t.dNumber} value={value('number')} size={6} fault={faults.number} />
          <Field name="floor" label={t.dFloor} value={value('floor')} size={10} fault={faults.floor} />
          <Field name="postcode" label={t.dPostcode} value={value('postcode')} size={8} fault={faults.postcode} />
          <Field
            name="district"
            label={t.dDistrict}
            value={value('district')}
            size={4}
            inputmode="numeric"
            fault={faults.district}
          />
        </div>
        <Field name="point" label={t.dPoint} hint={t.dPointHint} value={value('point')} fault={faults.point} />
      </div>
    </>
  )
}
