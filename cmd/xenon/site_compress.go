package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// CloudFront compresses files of these sizes in bytes:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
const (
	minCompressedBytes = 1_000
	maxCompressedBytes = 10_000_000
)

// AWS does not document the quality with which CloudFront compresses. This one is fast enough for a first request.
const brotliQuality = 5

// compressedTypes are the media types that CloudFront compresses, as far as sites have files of them.
var compressedTypes = map[string]bool{
	"application/javascript": true, "application/json": true, "application/pdf": true, "application/rss+xml": true,
	"application/vnd.ms-fontobject": true, "application/wasm": true, "application/xhtml+xml": true,
	"application/xml": true, "font/otf": true, "font/ttf": true, "image/svg+xml": true, "text/css": true,
	"text/csv": true, "text/html": true, "text/javascript": true, "text/plain": true, "text/xml": true,
}

// isCompressible reports whether CloudFront compresses a file with this name and size.
func isCompressible(name string, size int) bool {
	mediaType, _, err := mime.ParseMediaType(mime.TypeByExtension(path.Ext(name)))
	return err == nil && compressedTypes[mediaType] && size >= minCompressedBytes && size <= maxCompressedBytes
}

// chooseEncoding returns the encoding for a client that sends this Accept-Encoding: br, gzip, or "" for none. If the
// client accepts both, it is br, even if the client prefers gzip.
func chooseEncoding(accepted string) (encoding string) {
	for part := range strings.SplitSeq(accepted, ",") {
		name, params, _ := mime.ParseMediaType(part)
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q == 0 {
			continue
		}
		switch name {
		case "br":
			return name
		case "gzip":
			encoding = name
		}
	}
	return encoding
}

// compressedFiles keeps the compressed files of a site in memory. Each is compressed at its first request.
type compressedFiles struct {
	mu    sync.Mutex
	files map[compressedName]compressedFile
}

type compressedName struct{ name, encoding string }

type compressedFile struct {
	tag  string // the ETag of the file that was compressed
	body []byte
}

func newCompressedFiles() *compressedFiles {
	return &compressedFiles{files: map[compressedName]compressedFile{}}
}

// get returns the compressed text of a file. tag is the file's ETag, which changes with the text.
func (c *compressedFiles) get(name, encoding, tag string, text []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := compressedName{name, encoding}
	if file, ok := c.files[key]; ok && file.tag == tag {
		return file.body
	}
	body := compress(encoding, text)
	c.files[key] = compressedFile{tag, body}
	return body
}

func compress(encoding string, text []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if encoding == "br" {
		w = brotli.NewWriterLevel(&out, brotliQuality)
	}
	_, _ = w.Write(text) // writing to a bytes.Buffer does not fail
	_ = w.Close()
	return out.Bytes()
}
