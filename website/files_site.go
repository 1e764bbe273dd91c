//go:build site

package website

import "embed"

//go:embed all:build csp-hashes.txt
var files embed.FS

func init() { Files = files }
