import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Everything is a file of this origin: the service's content security policy allows no inline script, no inline style and no font as text. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    target: 'es2023',
    chunkSizeWarningLimit: 1000,
  },
});
