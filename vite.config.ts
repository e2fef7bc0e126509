import { defineConfig, type UserConfig } from 'vite'

/** Three builds of one source: the service and the command for Node, the Worker, and the verifier alone. */
const builds: Record<string, UserConfig> = {
  node: {
    build: {
      ssr: true,
      outDir: 'dist',
      emptyOutDir: true,
      rolldownOptions: {
        input: { main: 'src/main.ts', padron: 'src/cli/padron.ts' },
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  worker: {
    build: {
      ssr: true,
      outDir: 'dist/worker',
      emptyOutDir: true,
      rolldownOptions: {
        input: { worker: 'src/worker.ts' },
        output: { entryFileNames: '[name].js', codeSplitting: false },
        external: [/^node:/, /^cloudflare:/, /\.wasm$/],
      },
    },
    ssr: { noExternal: true, target: 'webworker', resolve: { conditions: ['workerd', 'worker', 'import'] } },
  },
  verify: {
    build: {
      outDir: 'dist/verify',
      emptyOutDir: true,
      lib: { entry: 'src/verify/index.ts', formats: ['es'], fileName: 'index' },
    },
  },
}

export default defineConfig(({ mode }) => ({
  ...builds[mode],
  build: { target: 'esnext', minify: mode === 'verify', copyPublicDir: false, ...builds[mode]?.build },
}))
