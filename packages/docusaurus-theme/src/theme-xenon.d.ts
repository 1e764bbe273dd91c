/// <reference types="@docusaurus/module-type-aliases" />
/// <reference types="@docusaurus/theme-classic" />

import type { SessionState } from '../lib/client/sessionStore';

export type { Options, PluginOptions } from '../lib/options';

type SignedIn = Extract<SessionState, { status: 'signed-in' }>;

declare module '@theme/XenonAccountMenu' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly mobile?: boolean;
    readonly onClick?: () => void;
  }
  export default function XenonAccountMenu(props: Props): ReactNode;
}

declare module '@theme/XenonAuthLayout' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly title: string;
    readonly intro?: ReactNode;
    readonly description?: string;
    readonly wide?: boolean;
    readonly children: ReactNode;
  }
  export default function XenonAuthLayout(props: Props): ReactNode;
}

declare module '@theme/XenonRequireAuth' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly children: ReactNode | ((user: SignedIn['user'], session: SignedIn['session']) => ReactNode);
  }
  export default function XenonRequireAuth(props: Props): ReactNode;
}

declare module '@theme/XenonAuthForms/SignInForm' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly next?: string;
    readonly isPage?: boolean;
  }
  export default function SignInForm(props: Props): ReactNode;
}

declare module '@theme/XenonAuthForms/RegisterForm' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly next: string;
    readonly onMailed: (email: string) => void;
  }
  export default function RegisterForm(props: Props): ReactNode;
}

declare module '@theme/XenonAccountPage' {
  export default function XenonAccountPage(): import('react').ReactNode;
}

declare module '@theme/XenonAdminPage' {
  export default function XenonAdminPage(): import('react').ReactNode;
}

declare module '@theme/XenonCancelEmailChangePage' {
  export default function XenonCancelEmailChangePage(): import('react').ReactNode;
}

declare module '@theme/XenonForgotPasswordPage' {
  export default function XenonForgotPasswordPage(): import('react').ReactNode;
}

declare module '@theme/XenonLoginPage' {
  export default function XenonLoginPage(): import('react').ReactNode;
}

declare module '@theme/XenonAuthForms/MailSignInForm' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly initial?: string | undefined;
    readonly next: string;
    readonly onSent: (email: string, method: 'link' | 'code') => void;
  }
  export default function MailSignInForm(props: Props): ReactNode;
}

declare module '@theme/XenonAuthForms/SignInCodeForm' {
  import type { ReactNode } from 'react';

  export interface Props {
    readonly email: string;
    readonly next: string;
    readonly onBack: () => void;
  }
  export default function SignInCodeForm(props: Props): ReactNode;
}

declare module '@theme/XenonMagicLinkPage' {
  export default function XenonMagicLinkPage(): import('react').ReactNode;
}

declare module '@theme/XenonMailSignInPage' {
  export interface Props {
    readonly title?: string;
  }
  export default function XenonMailSignInPage(props: Props): import('react').ReactNode;
}

declare module '@theme/XenonProfilePage' {
  export default function XenonProfilePage(): import('react').ReactNode;
}

declare module '@theme/XenonRegisterPage' {
  export default function XenonRegisterPage(): import('react').ReactNode;
}

declare module '@theme/XenonResetPasswordPage' {
  export default function XenonResetPasswordPage(): import('react').ReactNode;
}

declare module '@theme/XenonTwoFactorPage' {
  export default function XenonTwoFactorPage(): import('react').ReactNode;
}

declare module '@theme/XenonVerifyEmailPage' {
  export default function XenonVerifyEmailPage(): import('react').ReactNode;
}
