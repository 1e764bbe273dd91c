package jwtverify_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/xenon-auth/xenon/jwtverify"
)

// A service that greets the user whom the request's token names.
func Example() {
	xenon := startXenon() // stands for a deployment of Xenon
	defer xenon.Close()

	verifier, err := jwtverify.New(jwtverify.Options{
		JWKSURL:  xenon.URL + "/api/auth/jwks",
		Issuer:   "https://learn.example.com",
		Audience: "https://learn.example.com",
	})
	if err != nil {
		panic(err)
	}
	greet := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims, err := verifier.Verify(r.Context(), token)
		switch {
		case errors.Is(err, jwtverify.ErrInvalidToken):
			http.Error(w, "the token is not valid", http.StatusUnauthorized)
			return
		case err != nil:
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		var user struct{ Name string }
		if err := claims.Decode(&user); err != nil {
			http.Error(w, "the token is not valid", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "Hello %s, your id is %s\n", user.Name, claims.UserID)
	})

	for _, token := range []string{xenon.token(), "not a token"} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		greet.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 Hello Ada, your id is 0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11
	// 401 the token is not valid
}
