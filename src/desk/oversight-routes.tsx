import { Demand, listDemands, readDemand, recordDemand, reviewDemand } from '../firewall/access-requests.ts'
import { exploreLedger, openFlags, Release, releaseBudget, reviewFlag, staffActivity } from '../firewall/flags.ts'
import { fieldsSayingTooMuch } from '../firewall/free-text.ts'
import { refusalLetters } from '../firewall/letters.ts'
import { lockdownState, voteLockdown } from '../firewall/lockdown.ts'
import { keepDocument, LARGEST_DOCUMENT, readDocument } from '../firewall/order-documents.ts'
import { writtenTooMuch } from '../firewall/plain-words.ts'
import { Reply } from '../firewall/reply.ts'
import type { StaffRole } from '../firewall/requester.ts'
import { verifierKey } from '../ledger/checkpoint.ts'
import { latestCheckpoint } from '../ledger/proofs.ts'
import { InvalidInput, NotFound } from '../platform/problem.ts'
import { NoPress } from '../proofs/paper.ts'
import { plainIn } from '../ui/plain.tsx'
import { pageOf, type signedInPages } from '../ui/signed-in.tsx'
import { FlagsPage, LedgerPage, LegalPage } from './oversight-page.tsx'
import type { DeskDeps } from './routes.tsx'
import { type DeskVisit, idIn } from './shell.tsx'

const LEGAL: readonly StaffRole[] = ['legal']
/** What is written down of a demand, before its document. */
const DemandWords = Demand.omit({ documentId: true })
/** In which box of the form each field of a demand is typed. */
const BOXES: Readonly<Record<string, string>> = {
  'authority/name': 'authority',
  'authority/functions/0': 'function',
  basisText: 'basis',
  scope: 'scope',
}

/** What supervisors, legal officers and auditors look after: look-ups, demands, lockdown, the ledger. */
export function oversightDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: DeskDeps): void {
  page({ method: 'get', path: '/desk/flags', roles: ['supervisor', 'auditor'] }, async (visit) =>
    Reply.page(
      (await openFlags(deps.gate, visit.town.id, visit.requester)).with(
        await staffActivity(deps.gate, visit.town.id, visit.requester),
      ),
      ([flags, activity]) => <FlagsPage visit={visit} flags={flags} activity={activity} />,
    ),
  )
  page({ method: 'post', path: '/desk/flags/review', roles: ['supervisor'] }, async ({ town, requester, form }) => {
    await reviewFlag(deps.gate, town.id, requester, form.get('flag'))
    return Reply.redirect('/desk/flags')
  })
  page({ method: 'post', path: '/desk/flags/release', roles: ['supervisor'] }, async ({ town, requester, form }) => {
    const release = Release.safeParse({ reason: form.get('reason'), ...plainIn(form) })
    if (!release.success) throw new InvalidInput([{ pointer: '/reason', detail: 'Say in a few words why.' }])
    await releaseBudget(deps.gate, town.id, requester, form.get('staff').slice(0, 320), release.data)
    return Reply.redirect('/desk/flags')
  })
  const legalWork = async ({ town, requester }: DeskVisit) =>
    (await listDemands(deps.gate, town.id, requester)).with(await lockdownState(deps.gate, town.id, requester))
  page({ method: 'get', path: '/desk/legal', roles: LEGAL }, async (visit) => {
    return Reply.page(await legalWork(visit), ([demands, lockdown]) => (
      <LegalPage visit={visit} demands={demands} lockdown={lockdown} />
    ))
  })
  page({ method: 'post', path: '/desk/legal', roles: LEGAL, file: LARGEST_DOCUMENT }, async (visit) => {
    const { town, requester, form, t } = visit
    const said = {
      authority: {
        name: form.get('authority'),
        functions: form.get('function') === '' ? [] : [form.get('function')],
      },
      purpose: form.has('immigration') ? 'immigration-control' : 'other',
      basis: form.has('judge') ? 'judge-order' : 'other',
      basisText: form.get('basis'),
      scope: form.get('scope'),
      fields: [],
      ...plainIn(form),
    }
    const bytes = form.file('document')
    const parsed = DemandWords.safeParse(said)
    const faults: Record<string, string> = bytes === undefined ? { document: t.dDemandPaperMissing } : {}
    for (const { path } of parsed.error?.issues ?? []) faults[BOXES[path.join('/')] ?? 'scope'] = t.dFieldMissing
    const tooMuch = parsed.success && !parsed.data.confirmedPlain ? fieldsSayingTooMuch(DemandWords, parsed.data) : []
    for (const { pointer } of tooMuch) {
      const box = BOXES[pointer.slice(1)] ?? 'scope'
      faults[box] = t.dSensitive.replace('{word}', writtenTooMuch(form.get(box)) ?? '…')
    }
    // Nothing of it is kept before all of it can be, and a file does not come back in a form.
    if (!parsed.success || bytes === undefined || tooMuch.length > 0) {
      if (bytes !== undefined) faults.document = t.dDemandPaperMissing
      const typed = Object.fromEntries(form.entries())
      return Reply.page(
        await legalWork(visit),
        ([demands, lockdown]) => (
          <LegalPage visit={visit} demands={demands} lockdown={lockdown} typed={typed} faults={faults} />
        ),
        422,
      )
    }
    const kept = await keepDocument(deps.gate, town.id, requester, bytes)
    await kept.mapAsync(({ id: documentId }) =>
      recordDemand(deps.gate, town.id, requester, { ...parsed.data, documentId }, deps.clock.now()),
    )
    return Reply.redirect('/desk/legal')
  })
  page(
    { method: 'post', path: '/desk/legal/lockdown', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      await voteLockdown(deps.gate, town.id, requester, form.get('close') === 'yes')
      return Reply.redirect('/desk/legal')
    },
  )
  page({ method: 'post', path: '/desk/legal/:id/review', roles: LEGAL, fresh: true }, async (visit) => {
    await reviewDemand(deps.gate, visit.town.id, visit.requester, idIn(visit), visit.form.get('approves') === 'yes')
    return Reply.redirect('/desk/legal')
  })
  page({ method: 'get', path: '/desk/legal/:id/document', roles: LEGAL }, async (visit) =>
    Reply.download(await readDocument(deps.gate, visit.town.id, visit.requester, { requestId: idIn(visit) }), 'demand'),
  )
  page({ method: 'get', path: '/desk/legal/:id/letter', roles: LEGAL }, async (visit) => {
    const { press } = deps
    if (press === undefined) throw new NoPress()
    const demand = await readDemand(deps.gate, visit.town.id, visit.requester, idIn(visit))
    const letter = await demand.mapAsync(async ({ reference, stage }) => {
      if (stage !== 'refused') throw new NotFound()
      const languages = refusalLetters(deps.policies, reference, visit.town.languages)
      return press.letter(visit.town, { languages, writtenAt: deps.clock.now() })
    })
    return Reply.document(letter, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
  })
  page({ method: 'get', path: '/desk/ledger', roles: ['auditor', 'legal', 'supervisor'] }, async (visit) => {
    const { town, requester } = visit
    const checkpoint = await latestCheckpoint(deps.database, town.id)
    const shown = { visit, checkpoint: checkpoint?.note ?? '', policies: deps.policies }
    // Legal officers have no duty to watch over it.
    if (requester.role === 'legal') return pageOf(<LedgerPage {...shown} />)
    const before = /^\d{1,15}$/.exec(visit.query('before'))?.[0]
    const size = checkpoint?.size ?? 0
    const refused = visit.query('refused') === '1'
    const place = { before: before === undefined ? size : Math.min(Number(before), size), refused }
    const verifier = verifierKey(await deps.signers.of(town))
    return Reply.page(await exploreLedger(deps.gate, town.id, requester, place), (lines) => (
      <LedgerPage {...shown} explored={{ lines, verifier, refused }} />
    ))
  })
}
