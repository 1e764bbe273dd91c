package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// maxPrintedUsers is the maximum number of users that the plan prints; --json has more.
const maxPrintedUsers = 20

// printSecondFactors prints the numbers of verified second factors, and the users whose factor not every way to sign in
// asks for.
func printSecondFactors(out io.Writer, p importer.Plan) {
	f := p.SecondFactors
	defer printNotCarriedFactors(out, f)
	if len(f.ByType) == 0 {
		return
	}
	printf(out, "\nVerified second factors, of %d users\n", f.Users)
	for _, kind := range slices.Sorted(maps.Keys(f.ByType)) {
		printf(out, "%12d  %s\n", f.ByType[kind], kind)
	}
	if p.Options.MFA != mapping.CarryFactors {
		return
	}
	printf(out, "%12d  of them are copied: their authenticator apps work at the target\n", f.Carried)
	if f.SocialUsers == 0 {
		return
	}
	printf(out, "%12d  copied ones of users who can also sign in at a provider; --json lists them\n", f.SocialUsers)
	for _, id := range f.SocialUserIDs[:min(len(f.SocialUserIDs), maxPrintedUsers)] {
		fmt.Fprintln(out, "              "+id)
	}
}

// printNotCarriedFactors lists the second factors that users do not have at the target, with the reason.
func printNotCarriedFactors(out io.Writer, f importrun.SecondFactors) {
	if f.NotCarried == 0 {
		return
	}
	printf(out, "\nSecond factors that do not come: %d. These users are to be told; --json and the report list them\n",
		f.NotCarried)
	explained := map[string]bool{}
	for _, x := range f.NotCarriedFactors[:min(len(f.NotCarriedFactors), maxPrintedUsers)] {
		fmt.Fprintf(out, "  %s  %-9s %s\n", x.User, x.Kind, x.Reason)
		if !explained[x.Reason] {
			explained[x.Reason] = true
			fmt.Fprintln(out, "      "+wrapText(importreport.ExplainReason(x.Reason).Do, 104, "\n      "))
		}
	}
}
