import { cpSync } from 'node:fs';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const pages = [
  ...['sign-in', 'sign-up', 'sign-out', 'forgot-password', 'reset-password'].map((name) => `auth/${name}`),
  ...['settings', 'security'].map((name) => `account/${name}`),
  'cancel-email-change',
];

// A static host has a file for each page. Vite's development server needs none: it serves index.html for all paths.
const pageFiles: Plugin = {
  name: 'page-files',
  apply: 'build',
  writeBundle() {
    for (const page of pages) cpSync('dist/index.html', `dist/${page}/index.html`);
  },
};

// `npm run dev` sends the calls of the API to Xenon. Without this rule Vite would answer them with index.html and 200.
const proxy = { '/api/': process.env.XENON_URL ?? 'http://localhost:3000' };

export default defineConfig({ plugins: [react(), tailwindcss(), pageFiles], server: { proxy } });
