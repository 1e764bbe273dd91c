import nprogress from 'nprogress';

// Docusaurus shows a progress bar while a page loads. By default the bar has role="bar", which ARIA does not define.
nprogress.configure({ template: '<div class="bar"><div class="peg"></div></div>', barSelector: '.bar' });
