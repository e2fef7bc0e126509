import { Presets, SingleBar } from 'cli-progress'

/** What commands say: lines for people, or one JSON document for machines. */
export interface Output {
  /** The result of a command. */
  result(value: Record<string, unknown>, lines: readonly string[]): void
  progress: Progress
}

export interface Progress {
  begin(what: string, total: number): void
  at(done: number): void
  end(): void
}

export function output(json: boolean): Output {
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} % | {value}/{total} {what} | {eta_formatted} left',
      stream: process.stderr,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  )
  return {
    result(value, lines) {
      process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''))
    },
    progress: {
      begin: (what, total) => {
        if (!json) bar.start(total, 0, { what })
      },
      at: (done) => {
        if (!json) bar.update(done)
      },
      end: () => {
        if (!json) bar.stop()
      },
    },
  }
}
