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
      legend={t['desk.since']}
      hint={t['address.sinceHint']}
      fault={fault}
      labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
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
        legend={t['desk.where']}
        heading={heading ?? false}
        value={value('where')}
        fault={faults.where}
        choices={[
          { value: 'dwelling', label: t['address.kindDwelling'] },
          {
            value: 'no-fixed-address',
            label: t['address.kindNone'],
            hint: places.length > 1 ? t['address.kindNoneHint'] : `${t['address.kindNoneHint']} (${places[0]})`,
          },
          { value: 'informal-dwelling', label: t['address.kindInformal'] },
          { value: 'collective', label: t['address.kindCollective'] },
        ]}
      />
      <div class="when-none">
        <Field
          name="usual"
          label={own ? t['change.usual'] : t['address.usual']}
          value={value('usual')}
          auto
          fault={faults.usual}
        />
        {places.length > 1 ? (
          <Select
            name="keptAt"
            label={own ? t['change.kept'] : t['address.kept']}
            value={value('keptAt')}
            options={[['', t['address.nearest']], ...places.map((place, i) => [String(i), place] as const)]}
            fault={faults.keptAt}
          />
        ) : (
          ''
        )}
      </div>
      <div class="when-described">
        <Field
          name="description"
          label={t['address.description']}
          value={value('description')}
          auto
          fault={faults.description}
        />
      </div>
      <div class="when-placed">
        <Field name="street" label={t['address.street']} value={value('street')} auto fault={faults.street} />
        <div class="row">
          <Field name="number" label={t['address.number']} value={value('number')} size={6} fault={faults.number} />
          <Field name="floor" label={t['address.floor']} value={value('floor')} size={10} fault={faults.floor} />
          <Field
            name="postcode"
            label={t['address.postcode']}
            value={value('postcode')}
            size={8}
            fault={faults.postcode}
          />
          <Field
            name="district"
            label={t['address.district']}
            value={value('district')}
            size={4}
            inputmode="numeric"
            fault={faults.district}
          />
        </div>
        <Field
          name="point"
          label={t['address.point']}
          hint={t['address.pointHint']}
          value={value('point')}
          fault={faults.point}
        />
      </div>
    </>
  )
}
