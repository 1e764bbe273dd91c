import XenonAccountMenu from '@theme/XenonAccountMenu';
import ComponentTypes from '@theme-init/NavbarItem/ComponentTypes';

// `@theme-init` is the component of the theme before this one. `@theme-original` would be this file itself.
export default { ...ComponentTypes, 'custom-xenonAccount': XenonAccountMenu };
