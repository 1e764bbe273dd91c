// Command panics is a function whose handlers panic or exit.
package main

import (
	"net/http"
	"os"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
)

func main() {
	lambdahttp.Main(func(config.API) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /works", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		})
		mux.HandleFunc("GET /own", func(http.ResponseWriter, *http.Request) {
			panic("the password is hunter2")
		})
		mux.HandleFunc("GET /runtime", func(_ http.ResponseWriter, r *http.Request) {
			var none map[string]int
			none[r.URL.Path]++
		})
		mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		})
		mux.HandleFunc("GET /exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
		return mux
	})
}
