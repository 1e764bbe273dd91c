// Package switches computes the operators of a program that the command mutants has rewritten. The environment variable
// XENON_MUTANT has the number of one operator and the operator to compute instead of it, such as "12 <=". All other
// operators are computed as written.
package switches

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// Names of environment variables.
const (
	Mutant  = "XENON_MUTANT"
	Reached = "XENON_MUTANT_REACHED" // path of a file to which each operator appends its number when it is first computed
)

var (
	activeID, activeReplacement = parseMutant(os.Getenv(Mutant))
	reachedFile                 = os.Getenv(Reached)
	reached                     [1 << 16]atomic.Bool
)

func parseMutant(mutant string) (id int, operator string) {
	number, operator, _ := strings.Cut(mutant, " ")
	id, _ = strconv.Atoi(number) // 0 without a mutant
	return id, operator
}

// IsActive reports whether the selected mutant changes operator id. It also records that the program has reached the
// operator.
func IsActive(id int) bool {
	if reachedFile != "" && !reached[id].Swap(true) {
		appendReached(id)
	}
	return id == activeID
}

func appendReached(id int) {
	//nolint:gosec // the command mutants chooses the file
	f, err := os.OpenFile(reachedFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, id)
}

// operatorFor returns the operator to compute: the replacement for the active mutant, otherwise the written operator.
func operatorFor(id int, written string) string {
	if IsActive(id) {
		return activeReplacement
	}
	return written
}

// Equal computes == and !=. It takes the result of the operator, and the mutant inverts it.
func Equal[T ~bool](id int, result T) T { return result != T(IsActive(id)) }

// Logical computes && and ||.
func Logical(id int, a func() bool, written string, b func() bool) bool {
	if operatorFor(id, written) == "&&" {
		return a() && b()
	}
	return a() || b()
}

// Compare computes <, <=, > and >=.
func Compare[T cmp.Ordered](id int, a T, written string, b T) bool {
	switch operatorFor(id, written) {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a >= b
	}
}

// Negative computes -a. The mutant leaves the minus out.
func Negative[T number](id int, a T) T {
	if IsActive(id) {
		return a
	}
	return -a
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type number interface {
	integer | ~float32 | ~float64
}

// Calculate computes +, -, * and /. The mutant of an assignment such as a += b may have no operator: a = b.
func Calculate[T number](id int, a T, written string, b T) T {
	switch operatorFor(id, written) {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	default:
		return b
	}
}

// Join computes a += b for strings. The mutant is a = b.
func Join[T ~string](id int, a T, written string, b T) T {
	if operatorFor(id, written) == "+" {
		return a + b
	}
	return b
}

// Bits computes &, |, ^, &^ and %, which need integers, and *, which is the mutant of %.
func Bits[T integer](id int, a T, written string, b T) T {
	switch operatorFor(id, written) {
	case "&":
		return a & b
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "&^":
		return a &^ b
	case "%":
		return a % b
	case "*":
		return a * b
	default:
		return b
	}
}

// Shift computes << and >>.
func Shift[T, U integer](id int, a T, written string, b U) T {
	switch operatorFor(id, written) {
	case "<<":
		return a << b
	case ">>":
		return a >> b
	default:
		return T(b)
	}
}
