package dump

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
)

// bufferBytes is the size of the buffer for reading. A line can be longer.
const bufferBytes = 256 << 10

// maxNameBytes is the maximum number of bytes of an identifier, of the type of a column and of an option. Postgres
// allows 63 bytes for an identifier.
const maxNameBytes = 4096

// errCut means that the file ends where it cannot end.
var errCut = errors.New("the file is cut short")

// input reads a text byte by byte and counts its lines.
type input struct {
	r    *bufio.Reader
	line int64 // number of the line of the next byte, from 1
}

func newInput(r io.Reader) *input { return &input{r: bufio.NewReaderSize(r, bufferBytes), line: 1} }

// next returns the next byte. At the end of the file it returns io.EOF.
func (in *input) next() (byte, error) {
	b, err := in.r.ReadByte()
	if b == '\n' && err == nil {
		in.line++
	}
	return b, readError(err)
}

// mustNext is like next, but returns errCut at the end of the file.
func (in *input) mustNext() (byte, error) {
	b, err := in.next()
	if errors.Is(err, io.EOF) {
		err = errCut
	}
	return b, err
}

// peek returns the next byte without reading it, or 0 at the end of the file and after an error, which next returns.
func (in *input) peek() byte {
	b, err := in.r.Peek(1)
	if err != nil {
		return 0
	}
	return b[0]
}

// hasPrefix reports whether the next bytes are these.
func (in *input) hasPrefix(text string) bool {
	b, _ := in.r.Peek(len(text)) // with an error it returns fewer bytes
	return string(b) == text
}

// discard reads n bytes that hasPrefix has found, which have no end of a line.
func (in *input) discard(n int) { _, _ = in.r.Discard(n) }

// readError turns the errors of a compressed file that ends too early or is damaged into errCut.
func readError(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader),
		errors.As(err, new(flate.CorruptInputError)):
		return errCut
	}
	return err
}

// lines reads the rows of a COPY statement as pieces of lines, so that a line can be longer than the buffer.
type lines struct {
	in      *input
	isStart bool // the next piece begins a line
	escaped bool // the line so far ends with an odd number of backslashes: the next byte is part of the value
	held    bool // a carriage return that was read and not returned, because a line feed may follow
}

// next returns the next piece of a line, and whether the line ends with it. The end of a line is "\n", never "\r\n".
// The piece is valid until the next call. At the end of the file it returns io.EOF, or errCut within a line.
func (l *lines) next() (piece []byte, isEnd bool, err error) {
	piece, err = l.in.r.ReadSlice('\n')
	if len(piece) == 0 && err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		if err = readError(err); errors.Is(err, io.EOF) && (!l.isStart || l.held) {
			err = errCut
		}
		return nil, false, err
	}
	if err == nil {
		l.in.line++
	}
	piece = l.normalizeEnd(piece)
	isEnd = bytes.HasSuffix(piece, []byte("\n")) && !l.endsEscaped(piece[:len(piece)-1])
	l.escaped = !isEnd && l.endsEscaped(piece)
	l.isStart = isEnd
	return piece, isEnd, nil
}

// normalizeEnd replaces "\r\n" at the end of a piece by "\n". It holds back a carriage return at the end of a piece,
// because the next piece can begin with the line feed.
func (l *lines) normalizeEnd(piece []byte) []byte {
	if l.held && string(piece) != "\n" {
		piece = append([]byte{'\r'}, piece...)
	}
	l.held = false
	switch {
	case bytes.HasSuffix(piece, []byte("\r\n")):
		piece[len(piece)-2] = '\n'
		return piece[:len(piece)-1]
	case bytes.HasSuffix(piece, []byte("\r")):
		l.held = true
		return piece[:len(piece)-1]
	}
	return piece
}

// endsEscaped reports whether the line ends with an odd number of backslashes after this piece, without its end.
func (l *lines) endsEscaped(piece []byte) bool {
	n := len(piece)
	for n > 0 && piece[n-1] == '\\' {
		n--
	}
	odd := (len(piece)-n)%2 == 1
	if n == 0 {
		return odd != l.escaped
	}
	return odd
}
