import { correction, generate } from 'lean-qr'

/** A QR code as a drawing in the page: no picture to fetch. */
export function Qr(props: { text: string; label: string }) {
  const code = generate(props.text, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M })
  const quiet = 4
  let path = ''
  for (let y = 0; y < code.size; y += 1)
    for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) path += `M${x + quiet} ${y + quiet}h1v1h-1z`
  const side = code.size + 2 * quiet
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <rect width={side} height={side} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  )
}
