import AccountSlot from '@site/src/components/AccountSlot';
import ComponentTypes from '@theme-original/NavbarItem/ComponentTypes';

export default { ...ComponentTypes, 'custom-account': AccountSlot };
