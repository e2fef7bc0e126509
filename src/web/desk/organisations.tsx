import { mustBePlain } from '../../firewall/free-text.ts'
import { FUNCTION_IDS } from '../../firewall/functions.ts'
import { digestOfGrants } from '../../firewall/grant-table.ts'
import { Reply } from '../../http/reply.ts'
import { actsWaiting, decideAct } from '../../oversight/decide-act.ts'
import { carrying, Proposal, propose } from '../../oversight/enrol.ts'
import { keepDocument, LARGEST_DOCUMENT, readDocument } from '../../oversight/keep-document.ts'
import { listOrganisations } from '../../oversight/list-organisations.ts'
import { prolongSecrecy } from '../../oversight/open-by-order.ts'
import { isLockedDown } from '../../oversight/vote-lockdown.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { lifeRules } from '../../registry/person/dates/life-dates.ts'
import { ApplicationAnswer, applicationsToReview, decideApplication, enrolApplicant } from '../../requests/apply.ts'
import { giveCode } from '../../requests/providers.ts'
import type { Municipality } from '../../town/model.ts'
import { plainIn } from '../plain.tsx'
import { dayIn, typedIn } from '../record/registration-form.ts'
import type { signedInPages } from '../signed-in.tsx'
import { GivenCodePage, OrganisationsPage } from './organisations-page.tsx'
import { idIn } from './shell.tsx'

type Pages = ReturnType<typeof signedInPages<'staff'>>
/** Beside which box it is said where an organisation cannot be enrolled, and where it cannot have another name or machine. */
const ENROLLING = { signedBy: 'signed', 'client-taken': 'clients', 'organisation-known': 'identifier' }
const NAMING = {
  client: 'named',
  name: 'named',
  'client-taken': 'named',
  'too-many-machines': 'named',
  'machine-ended': 'named',
}
const NO_DOCUMENT = '00000000-0000-4000-8000-000000000000'

/** Who may ask, and why not: organisations, links, attestations and lent staff, for legal officers, two for each. */
export function organisationDesk(page: Pages, deps: ProofDeps): void {
  const { gate } = deps
  const carry = (town: Municipality) =>
    carrying(deps.clock, town.id, {
      application: (transaction, content) => enrolApplicant(deps, town, { transaction, application: content }),
      secrecy: (transaction, content) => prolongSecrecy(deps, town, { transaction, secrecy: content }),
      widen: (transaction, { digest }) => gate.agreeTo(transaction, town, digest),
      callOff: (transaction) => gate.callOff(transaction, town.id),
    })
  const proposing = (path: string, beside: Record<string, string>, read: (form: DeskForm) => unknown) =>
    page({ method: 'post', path, fresh: true, beside }, async ({ town, requester, form }) => {
      const proposal = Proposal.safeParse(read(form))
      if (!proposal.success) throw InvalidInput.of(proposal.error)
      await propose(deps, { municipalityId: town.id, by: requester }, { proposal: proposal.data, carry: carry(town) })
      return Reply.redirect('/desk/organisations')
    })

  page({ method: 'get', path: '/desk/organisations' }, async (context) => {
    const { town, requester } = context
    const organisations = await listOrganisations(gate, town.id, requester)
    // While the registry is closed, links to enforcement can be entered, and nothing else is decided.
    if (await isLockedDown(deps.database, town.id))
      return Reply.page(organisations, (list) => (
        <OrganisationsPage context={context} organisations={list} applications={[]} waiting={[]} closed />
      ))
    const { loaded, closed, toCome } = await gate.grants(town.id)
    const wider = Object.keys(closed).length > 0 ? digestOfGrants(loaded) : undefined
    return Reply.page(
      organisations
        .with(await applicationsToReview(deps, { town, by: requester }, context.query('after')))
        .with(await actsWaiting(gate, { municipalityId: town.id, by: requester }, context.query('acts'))),
      ([[list, applications], waiting]) => (
        <OrganisationsPage
          context={context}
          organisations={list}
          applications={applications.items}
          waiting={waiting.items}
          more={{ applications: applications.more, acts: waiting.more }}
          wider={wider}
          begins={toCome.length > 0}
        />
      ),
    )
  })
  page(
    {
      method: 'post',
      path: '/desk/organisations/applications',
      fresh: true,
      beside: {
        'client-taken': 'client',
        'organisation-known': 'client',
        'too-many-machines': 'client',
        'machine-ended': 'client',
      },
    },
    async ({ town, requester, form }) => {
      const [id, client, reason] = [form.get('application'), form.get('client'), form.get('reason')]
      const enrol = form.get('act') === 'enrol'
      const answer = ApplicationAnswer.safeParse(enrol ? { enrol, client } : { enrol, reason, ...plainIn(form) })
      if (!answer.success) throw InvalidInput.of(answer.error)
      if (!isUuid(id)) throw new NotFound()
      await decideApplication(deps, { town, by: requester }, { id, answer: answer.data, carry: carry(town) })
      return Reply.redirect('/desk/organisations')
    },
  )
  page({ method: 'post', path: '/desk/organisations/acts', fresh: true }, async ({ town, requester, form }) => {
    const id = form.get('entry')
    if (!isUuid(id)) throw new NotFound()
    await decideAct(
      deps,
      { municipalityId: town.id, by: requester },
      { id, approves: form.get('approves') === 'yes', carry: carry(town) },
    )
    return Reply.redirect('/desk/organisations')
  })
  proposing('/desk/organisations', ENROLLING, (form) => ({
    kind: 'enrol',
    name: form.get('name'),
    identifier: form.get('identifier'),
    functions: FUNCTION_IDS.filter((one) => form.get(`does-${one}`) !== ''),
    clients: form
      .get('clients')
      .split(/[\s,]+/)
      .filter(Boolean),
    ...(form.get('signed') ? { signedBy: form.get('signed') } : {}),
    ...plainIn(form),
  }))
  proposing('/desk/organisations/rules', {}, (form) =>
    form.get('act') === 'call-off' ? { kind: 'call-off' } : { kind: 'widen', digest: form.get('digest') },
  )
  proposing('/desk/organisations/link', { relatedId: 'related', organisationId: 'organisation' }, (form) => ({
    kind: 'link',
    organisationId: form.get('organisation'),
    link: { kind: form.get('kind'), relatedId: form.get('related') },
  }))
  proposing('/desk/organisations/attestation', { signedBy: 'signed' }, (form) => ({
    kind: 'attestation',
    organisationId: form.get('organisation'),
    signedBy: form.get('signed'),
    ...plainIn(form),
  }))
  proposing('/desk/organisations/same', NAMING, (form) => ({
    organisationId: form.get('organisation'),
    ...(form.get('act') === 'machine'
      ? { kind: 'machine', client: form.get('named') }
      : { kind: 'alias', name: form.get('named'), ...plainIn(form) }),
  }))
  page({ method: 'get', path: '/desk/legal/documents/:document' }, async (context) => {
    const documentId = idIn({ params: { id: context.params.document ?? '' } })
    return Reply.download(
      await readDocument(gate, { municipalityId: context.town.id, by: context.requester }, { documentId }),
      'order',
    )
  })
  page({ method: 'post', path: '/desk/legal/secrecy', fresh: true, file: LARGEST_DOCUMENT }, async (context) => {
    const { town, requester, form } = context
    const until = dayIn(typedIn(context), {
      name: 'until',
      formReader: { ...context, rules: lifeRules(deps.clock, town) },
      toCome: true,
    })
    const said = {
      kind: 'secrecy' as const,
      reference: form.get('entry'),
      until: until && 'date' in until ? until.date : '',
      basis: form.get('basis'),
      ...plainIn(form),
    }
    const bytes = form.file('document')
    // Looked at before anything is kept.
    const proposal = Proposal.safeParse({ ...said, documentId: NO_DOCUMENT })
    if (!proposal.success) throw InvalidInput.of(proposal.error)
    if (bytes === undefined) throw new InvalidInput([{ pointer: '/document', detail: 'Choose the document.' }])
    await mustBePlain(gate, { municipalityId: town.id, by: requester }, { schema: Proposal, form: proposal.data })
    const kept = await keepDocument(gate, { municipalityId: town.id, by: requester }, bytes)
    await kept.mapAsync(({ id: documentId }) =>
      propose(
        deps,
        { municipalityId: town.id, by: requester },
        { proposal: { ...said, documentId }, carry: carry(town) },
      ),
    )
    return Reply.redirect('/desk/organisations')
  })
  proposing('/desk/organisations/end', {}, (form) => ({
    kind: form.has('thumbprint') ? 'end-key' : 'end-machine',
    organisationId: form.get('organisation'),
    client: form.get('client'),
    ...(form.has('thumbprint') ? { thumbprint: form.get('thumbprint') } : {}),
  }))
  page({ method: 'post', path: '/desk/organisations/code', fresh: true }, async (context) => {
    const id = context.form.get('organisation')
    if (!isUuid(id)) throw new NotFound()
    return Reply.page(await giveCode(deps, { town: context.town, by: context.requester }, id), (code) => (
      <GivenCodePage context={context} code={code} />
    ))
  })
  proposing('/desk/organisations/suspend', {}, (form) => ({
    kind: 'suspend',
    organisationId: form.get('organisation'),
  }))
  proposing('/desk/organisations/lent', {}, (form) => ({
    kind: form.get('act') === 'take-back' ? 'take-back' : 'lend',
    organisationId: form.get('organisation'),
    staff: form.get('staff'),
    ...plainIn(form),
  }))
}

type DeskForm = Parameters<Parameters<Pages>[1]>[0]['form']
