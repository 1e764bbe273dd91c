// Package website has the built site, if the program was built with the build tag site.
package website

import "io/fs"

// Files has the directory build and the file csp-hashes.txt. It is nil without the build tag site.
var Files fs.FS
