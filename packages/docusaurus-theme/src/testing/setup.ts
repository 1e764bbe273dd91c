import { configure } from '@testing-library/react';

// Long enough for a busy machine: no test measures time.
configure({ asyncUtilTimeout: 30_000 });
